import { X509Certificate } from 'node:crypto';

import type { Ca } from './acme/ca';
import type { Refusal } from './acme/http';
import type { Issued, Placed, Request } from './acme/order';
import { challengeName, readLeaf, renewalId } from './certificate';
import type { Dns } from './challenges/dns';
import type { Answer } from './challenges/record-sets';
import type { Decision } from './due/due';
import { noteBegun, noteFailed, noteStored, type State } from './due/state';
import type { Run } from './run';

export type OrderStore = {
  readonly writeState: (name: string, state: State) => Promise<void>;
  readonly writeCertificate: (
    name: string,
    issued: Issued,
  ) => Promise<{ readonly key: number; readonly chain: number }>;
};

export type OrderDeps = {
  readonly store: OrderStore;
  readonly ca: Ca;
  /** A staging directory, which counts failures apart. */
  readonly rehearsalCa: Ca | undefined;
  readonly dns: Dns;
  readonly run: Run;
};

export type Ordered = {
  /** By name, with the moment from which it may be tried again. */
  readonly failures: ReadonlyMap<string, { readonly error: Error; readonly tryAgainAt: number }>;
  /** Answers that could not be removed from DNS; the next run tries again. */
  readonly leftovers: readonly Error[];
};

/**
 * Orders the certificates that are due and stores them. A certificate that failed before is ordered from the rehearsal CA first.
 * The waits alone would not do: a deploy skips them, and its run tries a second time after a minute. Three deploys while DNS is
 * still wrong would be six failed validations; Let's Encrypt allows five an hour (its rate limits).
 */
export async function orderDue(due: readonly Decision[], deps: OrderDeps): Promise<Ordered> {
  const { store, ca, rehearsalCa, run } = deps;
  const begun: Decision[] = [];
  for (const decision of due) {
    const state = { ...decision.state, attempts: noteBegun(decision.state.attempts, run.now()) };
    await store.writeState(decision.name, state);
    begun.push({ ...decision, state });
  }
  const failedBefore = begun.filter(({ state }) => rehearsalCa !== undefined && state.attempts.failures > 1);
  const rehearsed = await issue(failedBefore, rehearsalCa ?? ca, deps, rehearsal);
  const ready = begun.filter(({ name }) => !rehearsed.failures.has(name));
  const ordered = await issue(ready, ca, deps, forStore(store));

  const failures = new Map<string, { error: Error; tryAgainAt: number }>();
  for (const { name, state } of begun) {
    const failure = rehearsed.failures.get(name) ?? ordered.failures.get(name);
    if (failure === undefined) continue;
    const { error, mayBeIssued } = failure;
    const attempts = noteFailed(state.attempts, mayBeIssued, (error as Partial<Refusal>).retryAt ?? 0);
    await store.writeState(name, { ...state, attempts });
    failures.set(name, { error, tryAgainAt: Math.max(attempts.waitUntil, attempts.refusedUntil) });
  }
  return { failures, leftovers: [...rehearsed.leftovers, ...ordered.leftovers] };
}

type Purpose = {
  readonly replaces: (decision: Decision) => string | undefined;
  readonly keep: (decision: Decision, issued: Issued) => Promise<void>;
  readonly toFailure: (error: Error, mayBeIssued: boolean) => Failure;
};
type Failure = { readonly error: Error; readonly mayBeIssued: boolean };

const rehearsal: Purpose = {
  replaces: () => undefined,
  keep: async () => {},
  toFailure: (cause) => {
    const message = `tried at the staging directory first, as it failed before: ${cause.message}`;
    return { error: new Error(message, { cause }), mayBeIssued: false };
  },
};

const forStore = (store: OrderStore): Purpose => ({
  // Only the CA that issued the old certificate knows it (RFC 9773, section 5).
  replaces: ({ wanted, state: { held } }) =>
    held?.directory === wanted.directory && held.names.some((name) => wanted.names.includes(name))
      ? held.renewalId
      : undefined,
  keep: async ({ name, wanted, state }, issued) => {
    const versions = await store.writeCertificate(name, issued);
    const certificate = new X509Certificate(issued.leaf);
    const { serial, notBefore, notAfter } = readLeaf(certificate);
    const held = { ...wanted, serial, notBefore, notAfter, renewalId: renewalId(certificate), ...versions };
    const { attempted, attemptedAt } = state;
    await store.writeState(name, { held, attempts: noteStored(state.attempts), attempted, attemptedAt });
  },
  toFailure: (error, mayBeIssued) => ({ error, mayBeIssued }),
});

type Ready = { readonly decision: Decision; readonly placed: Placed; readonly answers: readonly Answer[] };

/** The journal is one parameter, with room for so many names. */
const mostNames = 40;

/** A certificate that fails stops no other, and DNS is cleaned. */
async function issue(orders: readonly Decision[], ca: Ca, { dns }: Pick<OrderDeps, 'dns'>, purpose: Purpose) {
  const failures = new Map<string, Failure>();
  const leftovers: Error[] = [];
  for (const group of groups(orders)) {
    const ready: Ready[] = [];
    for (const decision of group) {
      await place(decision, ca, dns, purpose).then(
        (placed) => ready.push(placed),
        (error) => failures.set(decision.name, purpose.toFailure(error, false)),
      );
    }
    const answers = ready.flatMap((each) => each.answers);
    const unshown = await dns.show(answers).catch((error: Error) => new Map(answers.map((answer) => [answer, error])));
    const finished = ready.map((each) =>
      finish(each, unshown, purpose).catch((error) =>
        failures.set(each.decision.name, purpose.toFailure(error, each.placed.mayBeIssued())),
      ),
    );
    await Promise.all(finished);
    await dns.clean().catch((error) => leftovers.push(error));
  }
  return { failures, leftovers };
}

async function finish(
  { decision, placed, answers }: Ready,
  unshown: ReadonlyMap<Answer, Error>,
  { keep }: Purpose,
): Promise<void> {
  const [fault] = answers.flatMap((answer) => unshown.get(answer) ?? []);
  if (fault) throw fault;
  await keep(decision, await placed.finish());
}

function groups(orders: readonly Decision[]): readonly (readonly Decision[])[] {
  const all: Decision[][] = [];
  let names = mostNames;
  for (const order of orders) {
    names += order.wanted.names.length;
    if (names > mostNames) {
      all.push([]);
      names = order.wanted.names.length;
    }
    all.at(-1)?.push(order);
  }
  return all;
}

/** Finds the zones first, so that no order is placed whose challenges could not be answered. */
async function place(decision: Decision, ca: Ca, dns: Dns, { replaces }: Purpose): Promise<Ready> {
  const { names, keyType, profile } = decision.wanted;
  const places = new Map<string, Omit<Answer, 'value'>>();
  for (const name of new Set(names.map(challengeName))) places.set(name, await dns.locate(name));
  const request: Request = { names, keyType, profile, replaces: replaces(decision) };
  const placed = await ca.place(request);
  const answers = placed.challenges.map(({ name, value }) => {
    const place = places.get(name);
    if (place) return { ...place, value };
    throw new Error(`the CA asks to prove ${name}, which was not ordered`);
  });
  return { decision, placed, answers };
}

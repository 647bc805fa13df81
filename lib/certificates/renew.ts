import { certificateName } from './certificate';
import { askRenewal, type Decision, decide } from './due/due';
import { type Certificate, type State, withStates } from './due/state';
import { type OrderDeps, type Ordered, type OrderStore, orderDue } from './orders';
import { type IndexStore, type PublishDeps, publish } from './publish';
import { reserveMs } from './run';

export type CertificateStore = OrderStore &
  IndexStore & {
    readonly readStates: (names: readonly string[]) => Promise<{
      readonly states: ReadonlyMap<string, State>;
      readonly damaged: ReadonlyMap<string, Error>;
    }>;
  };

/** It expires, so a killed run does not block others. */
export type Lock = {
  readonly take: (until: number) => Promise<boolean>;
  readonly release: () => Promise<void>;
};

export type Deps = OrderDeps &
  PublishDeps & {
    readonly store: CertificateStore;
    readonly lock: Lock;
    readonly random: () => number;
  };

/** It is logged, so it holds no secret. */
export type Outcome = {
  readonly certificates: readonly { readonly name: string; readonly did: 'kept' | 'renewed'; readonly why: string }[];
  readonly served: number;
};

type Look = Outcome & {
  readonly faults: readonly string[];
  /** `undefined` when no order failed. */
  readonly tryAgainAt: number | undefined;
};

/** One more try fits: rehearsal, order, until it is served. */
const tryMs = 5 * 60_000;
const lookMs = 3_000;
/** A timer may go off too early, and a try that is too early is refused. */
const earlyMs = 1_000;

/**
 * @param byHand the run follows a deploy, or a person started it: certificates that failed before are tried at once
 * @throws when a due certificate was not renewed or is not served, or DNS was not cleaned
 */
export async function renew(byHand: boolean, deps: Deps): Promise<Outcome> {
  const { run, lock } = deps;
  await takeTurn(deps);
  try {
    let look = await lookOnce(byHand, deps);
    while (look.tryAgainAt !== undefined) {
      const waitMs = Math.max(0, look.tryAgainAt - run.now()) + earlyMs;
      if (!run.hasTimeFor(waitMs + tryMs)) break;
      await run.pause(waitMs);
      look = await lookOnce(false, deps);
    }
    const { faults, certificates, served } = look;
    if (faults.length > 0) throw new Error(faults.join(' | '));
    return { certificates, served };
  } finally {
    // It expires by itself; a failure here must not hide another error.
    await lock.release().catch(() => {});
  }
}

/** The other run may have older settings, so its work does not replace this one. */
async function takeTurn({ lock, run }: Deps): Promise<void> {
  while (!(await lock.take(run.endsAt() + reserveMs))) {
    if (!run.hasTimeFor(tryMs)) throw new Error('another run has not ended for minutes; look at its log');
    await run.pause(lookMs);
  }
}

async function lookOnce(byHand: boolean, deps: Deps): Promise<Look> {
  const { store, dns, run } = deps;
  const uncleaned = await dns.clean().then(
    () => [],
    (error: Error) => [error],
  );
  const { certificates, damaged } = await readCertificates(deps);
  const decisions = certificates.map((certificate) => decide(certificate, byHand, run.now()));
  const due = decisions.filter(({ isDue, wait }) => isDue && wait === undefined);
  const { failures, leftovers } = await orderDue(due, deps);

  const after = await store.readStates(decisions.map(({ name }) => name));
  const published = await publish(after.states, deps);
  const tryAgain = [...failures.values()].map(({ tryAgainAt }) => tryAgainAt);
  const errors = [...uncleaned, ...damaged, ...leftovers].map(({ message }) => message);
  const unread = [...after.damaged.values()].map(({ message }) => message);
  return {
    certificates: decisions.map(({ name, isDue, why }) => ({ name, did: isDue ? 'renewed' : 'kept', why })),
    served: published.served,
    faults: [...errors, ...decisions.flatMap((each) => faultOf(each, failures)), ...unread, ...published.faults],
    tryAgainAt: tryAgain.length > 0 ? Math.min(...tryAgain) : undefined,
  };
}

/** The CA's answer is stored before it counts: a moment is picked once. A damaged state would order in every run, so it is left out. */
async function readCertificates({ wanted, store, ca, run, random }: Deps) {
  const { states, damaged } = await store.readStates(wanted.map(({ names }) => certificateName(names)));
  const readable = withStates(wanted, states).filter(({ name }) => !damaged.has(name));
  const deps = { renewalInfo: ca.renewalInfo, now: run.now, random };
  const certificates = readable.map(async (before): Promise<Certificate> => {
    const after = await askRenewal(before, deps);
    if (after !== before) await store.writeState(after.name, after.state);
    return after;
  });
  return { certificates: await Promise.all(certificates), damaged: [...damaged.values()] };
}

function faultOf({ name, why, wait }: Decision, failures: Ordered['failures']): readonly string[] {
  const reason = wait ?? failures.get(name)?.error.message;
  return reason === undefined ? [] : [`${name} is due (${why}), but ${reason}`];
}

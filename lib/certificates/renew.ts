import type { CertificateStore } from '../aws/certificate-store';
import type { Lock } from '../aws/lock';
import type { Ca } from './acme/ca';
import type { Dns } from './challenges/dns';
import { askRenewal, type Certificate, type Decision, decide, withStates } from './due/decide';
import type { Wanted } from './due/due';
import { certificateName } from './names';
import { order } from './orders';
import { publish } from './publish';

/** What renewing needs from the outside world. */
export type Deps = {
  readonly wanted: readonly Wanted[];
  readonly store: CertificateStore;
  readonly lock: Lock;
  readonly ca: (directory: string) => Ca;
  /** A directory to try first after a failure, so that what is still wrong burns no limit of the real one. */
  readonly rehearsal: string | undefined;
  readonly dns: Dns;
  /** Tells reconcile that the index changed. */
  readonly announce: () => Promise<void>;
  /** `host` or `host:port` of each proxy. */
  readonly addresses: readonly string[];
  /** The serial that an address serves for a host. */
  readonly ask: (address: string, host: string) => Promise<string>;
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly pause: (milliseconds: number) => Promise<void>;
  /** Until Lambda ends the run. */
  readonly remainingMs: () => number;
};

/** What was decided and done, in words: fit for a log. */
export type Outcome = {
  readonly certificates: readonly { readonly name: string; readonly did: 'kept' | 'renewed'; readonly why: string }[];
  /** How many certificates every proxy was seen to serve anew. */
  readonly served: number;
};

type Look = Outcome & {
  readonly faults: readonly string[];
  /** When the first of what failed may be tried again. */
  readonly tryAgainAt: number;
};

/** Kept for cleaning up: half a minute, and what one request to the CA may hang before. */
export const reserveMs = 120_000;
/** One more try fits: staging, order, until it is served. */
const tryMs = 5 * 60_000;
const lookMs = 3_000;
/** A timer may go off before its time, and who asks again too early is told to wait. */
const earlyMs = 1_000;

/**
 * Sees to it that every configured certificate is valid, and served. Safe to repeat; one run at a time.
 *
 * @param byHand somebody deployed, or started the run: what failed before is tried at once
 * @throws when one that is due could not be renewed, or is not served, or something was left in DNS
 */
export async function renew(byHand: boolean, deps: Deps): Promise<Outcome> {
  await takeTurn(deps);
  try {
    let look = await lookOnce(byHand, deps);
    while (look.faults.length > 0 && deps.remainingMs() - (look.tryAgainAt - deps.now()) > reserveMs + tryMs) {
      await deps.pause(Math.max(0, look.tryAgainAt - deps.now()) + earlyMs);
      look = await lookOnce(false, deps);
    }
    const { faults, certificates, served } = look;
    if (faults.length > 0) throw new Error(faults.join(' | '));
    return { certificates, served };
  } finally {
    // It expires by itself; a failure here must not hide another one.
    await deps.lock.release().catch(() => {});
  }
}

/** Another run may know older settings, so its end is waited for. */
async function takeTurn({ lock, now, pause, remainingMs }: Deps): Promise<void> {
  while (!(await lock.take(now() + remainingMs() + reserveMs))) {
    if (remainingMs() < reserveMs + tryMs) throw new Error('another run has not ended for minutes; look at its log');
    await pause(lookMs);
  }
}

async function lookOnce(byHand: boolean, deps: Deps): Promise<Look> {
  const { store, dns, now } = deps;
  const faults: string[] = [];
  const note = (error: Error) => void faults.push(error.message);
  await dns.clean().catch(note);
  const decisions = (await certificates(deps, note)).map((certificate) => decide(certificate, byHand, now()));

  const due = decisions.filter((decision) => decision.due.due && decision.wait === undefined);
  const failures = await order(due, { ...deps, note });
  for (const decision of decisions) faults.push(...faultsOf(decision, failures));
  const states = await store.readStates(
    decisions.map(({ name }) => name),
    (_, error) => note(error),
  );
  const { served, wrong } = await publish(states, { ...deps, again: () => again(deps) });
  faults.push(...wrong);
  const waits = [...failures.keys()].map((name) => states.get(name)?.attempts ?? { waitUntil: 0, refusedUntil: 0 });
  return {
    certificates: decisions.map(({ name, due: { why, due } }) => ({ name, did: due ? 'renewed' : 'kept', why })),
    served,
    faults,
    tryAgainAt: Math.min(...waits.map(({ waitUntil, refusedUntil }) => Math.max(waitUntil, refusedUntil))),
  };
}

async function again({ remainingMs, pause }: Deps): Promise<boolean> {
  if (remainingMs() < reserveMs + lookMs) return false;
  await pause(lookMs);
  return true;
}

/**
 * What is remembered of each, with the CA's wish; that is kept before it counts, so that a moment is picked once. One whose
 * memory is damaged is left out: it would be ordered at every run.
 */
async function certificates(
  { wanted, store, ca, now, random }: Deps,
  note: (error: Error) => void,
): Promise<readonly Certificate[]> {
  const damaged = new Set<string>();
  const states = await store.readStates(
    wanted.map(({ names }) => certificateName(names)),
    (name, error) => {
      damaged.add(name);
      note(error);
    },
  );
  const before = withStates(wanted, states).filter(({ name }) => !damaged.has(name));
  const world = { renewalInfo: (directory: string, id: string) => ca(directory).renewalInfo(id), now, random };
  return Promise.all(
    before.map(async (certificate) => {
      const after = await askRenewal(certificate, world);
      if (after !== certificate) await store.writeState(after.name, after.state);
      return after;
    }),
  );
}

function faultsOf({ name, due, wait }: Decision, failures: ReadonlyMap<string, Error>): readonly string[] {
  if (wait !== undefined) return [`${name} is due (${due.why}), but ${wait}`];
  const failure = failures.get(name);
  return failure ? [`${name} is due (${due.why}), but ${failure.message}`] : [];
}

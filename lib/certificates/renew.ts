import { certificateName } from './certificate';
import { askRenewal } from './due/ari';
import { type Decision, decide } from './due/due';
import { type Certificate, type State, withStates } from './due/state';
import { type OrderDeps, type Ordered, type OrderStore, orderDue } from './orders';
import { type IndexStore, type PublishDeps, publish } from './publish';
import { reserveMs } from './run';

export type CertificateStore = OrderStore &
  IndexStore & {
    /** A certificate without a state is in neither map. */
    readonly readStates: (names: readonly string[]) => Promise<{
      readonly states: ReadonlyMap<string, State>;
      readonly damaged: ReadonlyMap<string, Error>;
    }>;
  };

/** Held by one run at a time, until it expires. */
export type Lock = {
  /** Returns whether this run holds it now. */
  readonly take: (until: number) => Promise<boolean>;
  readonly release: () => Promise<void>;
};

export type Deps = OrderDeps &
  PublishDeps & {
    readonly store: CertificateStore;
    readonly lock: Lock;
    /** From 0 to 1. */
    readonly random: () => number;
  };

/** What was decided and done. It is logged, so it holds no secret. */
export type Outcome = {
  readonly certificates: readonly { readonly name: string; readonly did: 'kept' | 'renewed'; readonly why: string }[];
  /** How many new certificates every proxy was seen to serve. */
  readonly served: number;
};

type Look = Outcome & {
  readonly faults: readonly string[];
  /** When the first that failed may be tried again; `undefined` when no order failed. */
  readonly tryAgainAt: number | undefined;
};

/** One more try fits: rehearsal, order, until it is served. */
const tryMs = 5 * 60_000;
/** Between two looks at the lock. */
const lookMs = 3_000;
/** A timer may go off too early, and a try that is too early is refused. */
const earlyMs = 1_000;

/**
 * Keeps every configured certificate valid and served. Safe to repeat; one run at a time.
 *
 * @param byHand the run follows a deploy, or was started by a person: certificates that failed before are tried at once
 * @throws when one that is due could not be renewed, or is not served, or something was left in DNS
 */
export async function renew(byHand: boolean, deps: Deps): Promise<Outcome> {
  const { run, lock } = deps;
  await takeTurn(deps);
  try {
    let look = await lookOnce(byHand, deps);
    while (look.tryAgainAt !== undefined && run.hasTimeFor(tryMs + look.tryAgainAt - run.now())) {
      await run.pause(Math.max(0, look.tryAgainAt - run.now()) + earlyMs);
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

/** Waits for the end of another run: that run may have older settings, so its work does not replace this one's. */
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

/**
 * Reads the states and asks the CA when to renew. The answer is stored before it counts, so that a moment is picked only once.
 * A certificate with a damaged state is left out: it would be ordered at every run.
 */
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

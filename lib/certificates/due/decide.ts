import { certificateName, sameNames } from '../names';
import { isWindow, noteRenewalInfo, type RenewalInfo } from './ari';
import { noAttempts, reasonToWait } from './attempts';
import { type Due, dueForRenewal, type Wanted } from './due';
import { noState, type State } from './state';

export type Certificate = {
  readonly name: string;
  readonly wanted: Wanted;
  readonly state: State;
};

export type Decision = Certificate & {
  readonly due: Due;
  /** Why it is not ordered though it is due. */
  readonly wait: string | undefined;
};

type World = {
  readonly renewalInfo: (directory: string, id: string) => Promise<RenewalInfo | undefined>;
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
};

/** The configured certificates with what is remembered of each. Attempts for other names, or at another CA, do not count. */
export const withStates = (wanted: readonly Wanted[], states: ReadonlyMap<string, State>): readonly Certificate[] =>
  wanted.map((each) => {
    const name = certificateName(each.names);
    const state = states.get(name) ?? noState;
    const { attempted, attemptedAt = each.directory } = state;
    const isSame = sameNames(attempted, each.names) && attemptedAt === each.directory;
    const attempts = isSame ? state.attempts : noAttempts;
    return { name, wanted: each, state: { ...state, attempts, attempted: each.names, attemptedAt: each.directory } };
  });

/** Asks the CA when it wants a certificate renewed, no more often than it likes. A CA that does not answer changes nothing. */
export async function askRenewal(certificate: Certificate, { renewalInfo, now, random }: World): Promise<Certificate> {
  const { wanted, state } = certificate;
  const { held, asked } = state;
  const isEarly = asked !== undefined && asked.serial === held?.serial && now() < asked.askAgainAt;
  if (held?.renewalId === undefined || held.directory !== wanted.directory || isEarly) return certificate;
  const info = await renewalInfo(held.directory, held.renewalId).catch(() => undefined);
  if (info === undefined) return certificate;
  return { ...certificate, state: { ...state, asked: noteRenewalInfo(asked, held.serial, info, now(), random()) } };
}

/** @param byHand somebody deployed, or started the run */
export function decide(certificate: Certificate, byHand: boolean, now: number): Decision {
  const { wanted, state } = certificate;
  const { held, asked, attempts } = state;
  // A window of no length may have been kept by an older version.
  const renewal = asked !== undefined && asked.serial === held?.serial && isWindow(asked) ? asked : undefined;
  const due = dueForRenewal(wanted, held, renewal, now);
  return { ...certificate, due, wait: due.due ? reasonToWait(attempts, byHand, now) : undefined };
}

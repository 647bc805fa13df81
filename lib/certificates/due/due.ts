import { sameNames } from '../certificate';
import type { Asked, Attempts, Certificate, State, Wanted } from './state';

export type Held = Omit<NonNullable<State['held']>, 'key' | 'chain' | 'renewalId'>;

/** RFC 9773; `at` is the moment that was picked. */
export type Renewal = { readonly start: number; readonly end: number; readonly at: number };

export type Due = { readonly isDue: boolean; readonly why: string };

export type Decision = Certificate &
  Due & {
    /** Set if it is due, but must wait. */
    readonly wait: string | undefined;
  };

/** @param byHand the run follows a deploy, or was started by a person */
export function decide(certificate: Certificate, byHand: boolean, now: number): Decision {
  const { wanted, state } = certificate;
  const { held, asked, attempts } = state;
  // A window of no length may have been kept by an older version.
  const renewal = asked !== undefined && asked.serial === held?.serial && isWindow(asked) ? asked : undefined;
  const due = dueForRenewal(wanted, held, renewal, now);
  return { ...certificate, ...due, wait: due.isDue ? reasonToWait(attempts, byHand, now) : undefined };
}

/** Let's Encrypt issues an exact set of names five times a week; one is left for people. */
const mostPerWeek = 4;

/** @returns `undefined` when it may be ordered */
export function reasonToWait(attempts: Attempts, byHand: boolean, now: number): string | undefined {
  const lately = attempts.issued.filter((at) => at > now - 7 * dayMs).sort((a, b) => b - a);
  const oldest = lately[mostPerWeek - 1];
  if (oldest !== undefined) {
    return `it was issued ${lately.length} times within a week, and a CA allows few; the next order is on ${day(oldest + 7 * dayMs)}`;
  }
  if (now < attempts.refusedUntil) return `the CA asked to come back after ${day(attempts.refusedUntil)}`;
  if (!byHand && now < attempts.waitUntil) {
    return `it failed ${attempts.failures} times; the next try is after ${day(attempts.waitUntil)}, or when you start the run: see docs/certificates.md`;
  }
  return undefined;
}

type Question = {
  readonly wanted: Wanted;
  readonly held: Held;
  readonly renewal: Renewal | undefined;
  readonly now: number;
};
type Check = (question: Question) => Due | undefined;

/** A moment before the next run counts as now (RFC 9773, section 4.2: "before the next time that the client would wake up"). */
const betweenRunsMs = 12 * 3_600_000;
const dayMs = 86_400_000;

/** The first check that returns something decides. */
export function dueForRenewal(wanted: Wanted, held: Held | undefined, renewal: Renewal | undefined, now: number): Due {
  if (held === undefined) return due('no certificate is stored');
  const question = { wanted, held, renewal, now };
  for (const check of checks) {
    const found = check(question);
    if (found) return found;
  }
  const at = Math.min(renewal?.at ?? Infinity, held.notAfter - marginMs(question));
  return notDue(`valid until ${day(held.notAfter)}; it will be renewed about ${day(at)}`);
}

const namesChanged: Check = ({ wanted, held }) =>
  sameNames(wanted.names, held.names)
    ? undefined
    : due(`its names changed from ${held.names.join(', ')} to ${wanted.names.join(', ')}`);

const keyTypeChanged: Check = ({ wanted, held }) =>
  wanted.keyType === held.keyType ? undefined : due(`its key type changed from ${held.keyType} to ${wanted.keyType}`);

const directoryChanged: Check = ({ wanted, held }) =>
  wanted.directory === held.directory
    ? undefined
    : due(`it came from ${held.directory}, and the settings name ${wanted.directory}`);

const profileChanged: Check = ({ wanted, held }) =>
  wanted.profile === held.profile
    ? undefined
    : due(`its profile changed from "${held.profile}" to "${wanted.profile}"`);

const expired: Check = ({ held, now }) =>
  now >= held.notAfter ? due(`it expired on ${day(held.notAfter)}`) : undefined;

/** A new one would not be valid yet either; so a wrong clock cannot use up the CA's limits. */
const notYetValid: Check = ({ held, now }) =>
  now < held.notBefore
    ? notDue(`it is valid only from ${day(held.notBefore)}, so the clock here is behind`)
    : undefined;

const askedFor: Check = ({ renewal, now }) =>
  renewal && renewal.at < now + betweenRunsMs
    ? due(`the CA wants it renewed between ${day(renewal.start)} and ${day(renewal.end)} (ARI)`)
    : undefined;

const old: Check = (question) => {
  const { held, now } = question;
  const left = held.notAfter - now;
  return left <= marginMs(question)
    ? due(`${inDays(left)} of its ${inDays(held.notAfter - held.notBefore)} days are left`)
    : undefined;
};

const checks: readonly Check[] = [
  namesChanged,
  keyTypeChanged,
  directoryChanged,
  profileChanged,
  expired,
  notYetValid,
  askedFor,
  old,
];

/** Let's Encrypt, integration guide: a third, half under ten days. Half of that with a window of the CA, which may come too late. */
function marginMs({ held, renewal }: Question): number {
  const lifetime = held.notAfter - held.notBefore;
  const margin = lifetime < 10 * dayMs ? lifetime / 2 : lifetime / 3;
  return renewal ? margin / 2 : margin;
}

const due = (why: string): Due => ({ isDue: true, why });
const notDue = (why: string): Due => ({ isDue: false, why });
const day = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 16)}Z`;
const inDays = (milliseconds: number): number => Math.round(milliseconds / (dayMs / 10)) / 10;

/** RFC 9773, section 4.2. Epoch milliseconds. */
export type RenewalInfo = {
  readonly start: number;
  readonly end: number;
  readonly retryAfterSeconds: number | undefined;
};

type Deps = {
  readonly renewalInfo: (id: string) => Promise<RenewalInfo | undefined>;
  readonly now: () => number;
  readonly random: () => number;
};

/** Asks no more often than the CA allows; without an answer nothing changes. */
export async function askRenewal(certificate: Certificate, { renewalInfo, now, random }: Deps): Promise<Certificate> {
  const { wanted, state } = certificate;
  const { held, asked } = state;
  const isEarly = asked !== undefined && asked.serial === held?.serial && now() < asked.askAgainAt;
  if (held?.renewalId === undefined || held.directory !== wanted.directory || isEarly) return certificate;
  const info = await renewalInfo(held.renewalId).catch(() => undefined);
  if (info === undefined) return certificate;
  return { ...certificate, state: { ...state, asked: noteRenewalInfo(asked, held.serial, info, now(), random()) } };
}

export const isWindow = ({ start, end }: Pick<RenewalInfo, 'start' | 'end'>): boolean => start < end;

const hourMs = 3_600_000;

/** The moment is picked once, and stays while the window does; picked in each run it would drift to the window's beginning. */
export function noteRenewalInfo(
  before: Asked | undefined,
  serial: string,
  { start, end, retryAfterSeconds }: RenewalInfo,
  now: number,
  random: number,
): Asked {
  const isSame = before?.serial === serial && before.start === start && before.end === end;
  const at = isSame ? before.at : Math.round(start + random * Math.max(0, end - start));
  // RFC 9773, section 4.3: limits for a CA's mistakes.
  const waitMs = Math.min(Math.max((retryAfterSeconds ?? 6 * 3_600) * 1000, hourMs / 60), 24 * hourMs);
  return { serial, start, end, at, askAgainAt: now + waitMs };
}

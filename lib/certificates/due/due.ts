import { sameNames } from '../names';

export const keyTypes = ['ecdsa-p256', 'rsa-2048'] as const;
export type KeyType = (typeof keyTypes)[number];

/** What the settings ask of a certificate. */
export type Wanted = {
  readonly names: readonly string[];
  readonly keyType: KeyType;
  /** The CA's directory, a URL. */
  readonly directory: string;
  /** Empty: whatever the CA takes by default. */
  readonly profile: string;
};

/** What is known of the certificate that is stored. Times are epoch milliseconds. */
export type Held = Wanted & { readonly serial: string; readonly notBefore: number; readonly notAfter: number };

/** When the CA would like a certificate to be renewed (RFC 9773), and the moment that was picked from it, once. */
export type Renewal = { readonly start: number; readonly end: number; readonly at: number };

export type Due = { readonly due: boolean; readonly why: string };

type Question = {
  readonly wanted: Wanted;
  readonly held: Held;
  readonly renewal: Renewal | undefined;
  readonly now: number;
};
type Check = (question: Question) => Due | undefined;

/** A moment before the next run is now (RFC 9773, section 4.2: "before the next time that the client would wake up"). */
const betweenRunsMs = 12 * 3_600_000;
const dayMs = 86_400_000;

/** Whether a certificate is to be ordered now, and why or why not. The first check that has an opinion decides. */
export function dueForRenewal(wanted: Wanted, held: Held | undefined, renewal: Renewal | undefined, now: number): Due {
  if (held === undefined) return due('none is stored');
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
    : due(`it came from ${held.directory}, now ${wanted.directory} is asked`);

const profileChanged: Check = ({ wanted, held }) =>
  wanted.profile === held.profile
    ? undefined
    : due(`its profile changed from "${held.profile}" to "${wanted.profile}"`);

const expired: Check = ({ held, now }) =>
  now >= held.notAfter ? due(`it expired on ${day(held.notAfter)}`) : undefined;

/** Another one would not be valid yet either, so no fault of a clock can burn the CA's limits. */
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

/**
 * A third of the lifetime, half if it lives under ten days (Let's Encrypt, integration guide). Where the CA names a
 * window, that counts, and half of this margin is the backstop for a window that comes too late.
 */
function marginMs({ held, renewal }: Question): number {
  const lifetime = held.notAfter - held.notBefore;
  const margin = lifetime < 10 * dayMs ? lifetime / 2 : lifetime / 3;
  return renewal ? margin / 2 : margin;
}

const due = (why: string): Due => ({ due: true, why });
const notDue = (why: string): Due => ({ due: false, why });
const day = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 16)}Z`;
const inDays = (milliseconds: number): number => Math.round(milliseconds / (dayMs / 10)) / 10;

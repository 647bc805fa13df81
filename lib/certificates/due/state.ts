import * as z from 'zod/mini';
import { inEnglish } from '../../fleet/fields';
import type { Certificate as Listed } from '../../generation/generation';
import { certificateName, sameNames } from '../certificate';

export const keyTypes = ['ecdsa-p256', 'rsa-2048'] as const;
export type KeyType = (typeof keyTypes)[number];

export type Wanted = {
  readonly names: readonly string[];
  readonly keyType: KeyType;
  readonly directory: string;
  readonly profile: string;
};

const time = z.number();
const names = z.readonly(z.array(z.string()));
const version = z.int().check(z.positive());

const held = z.object({
  names,
  keyType: z.enum(keyTypes),
  directory: z.string(),
  profile: z.string(),
  serial: z.string(),
  notBefore: time,
  notAfter: time,
  /** Parameter versions. */
  key: version,
  chain: version,
  renewalId: z.optional(z.string()),
});

const attempts = z.readonly(
  z.object({
    /** When the CA may have issued these names. */
    issued: z.readonly(z.array(time)),
    failures: z.number(),
    /** Our own rule; a deploy, or a run that a person starts, may try sooner. */
    waitUntil: time,
    /** The CA's rule; no run may try sooner. */
    refusedUntil: time,
  }),
);

const state = z.object({
  held: z.optional(held),
  asked: z.optional(z.object({ serial: z.string(), start: time, end: time, at: time, askAgainAt: time })),
  attempts,
  /** Another set of names, and another CA, have limits of their own. */
  attempted: names,
  attemptedAt: z.optional(z.string()),
});

/** Holds no secret. Epoch milliseconds. */
export type State = z.infer<typeof state>;
export type Attempts = State['attempts'];
export type Asked = Readonly<NonNullable<State['asked']>>;

export const noAttempts: Attempts = { issued: [], failures: 0, waitUntil: 0, refusedUntil: 0 };

/** @throws when it is damaged. Danger: a certificate without its state would be ordered again in every run. */
export function parseState(text: string): State {
  const read = state.safeParse(JSON.parse(text), inEnglish);
  if (read.success) return read.data;
  throw new Error(read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
}

const minuteMs = 60_000;
/** Let's Encrypt, integration guide: a minute, ten, a hundred, then once a day. */
const waits = [1, 10, 100].map((minutes) => minutes * minuteMs);
const dayMs = 24 * 60 * minuteMs;

/** Danger: store it before an order, because the run may be killed at any moment. It assumes the worst: issued, then failed. */
export function noteBegun(attempts: Attempts, now: number): Attempts {
  const failures = attempts.failures + 1;
  const issued = [...attempts.issued.filter((at) => at > now - 7 * dayMs), now];
  return { ...attempts, issued, failures, waitUntil: now + (waits[failures - 1] ?? dayMs) };
}

export function noteFailed(begun: Attempts, mayBeIssued: boolean, refusedUntil: number): Attempts {
  return { ...begun, issued: mayBeIssued ? begun.issued : begun.issued.slice(0, -1), refusedUntil };
}

export const noteStored = (begun: Attempts): Attempts => ({ ...noAttempts, issued: begun.issued });

export type Certificate = { readonly name: string; readonly wanted: Wanted; readonly state: State };

/** Attempts for other names, or at another CA, do not count. */
export const withStates = (wanted: readonly Wanted[], states: ReadonlyMap<string, State>): readonly Certificate[] =>
  wanted.map((each) => {
    const name = certificateName(each.names);
    const state = states.get(name) ?? { attempts: noAttempts, attempted: [] };
    const { attempted, attemptedAt = each.directory } = state;
    const isSame = sameNames(attempted, each.names) && attemptedAt === each.directory;
    const attempts = isSame ? state.attempts : noAttempts;
    return { name, wanted: each, state: { ...state, attempts, attempted: each.names, attemptedAt: each.directory } };
  });

/** Certificates that are no longer configured stay listed until every configured one is stored. */
export function certificateIndex(
  wanted: readonly Wanted[],
  states: ReadonlyMap<string, State>,
  before: readonly Listed[],
): readonly Listed[] {
  const known = wanted.flatMap(({ names }) => {
    const name = certificateName(names);
    const held = states.get(name)?.held;
    if (held) return [{ name, names: held.names, serial: held.serial, key: held.key, chain: held.chain }];
    return before.filter((certificate) => certificate.name === name);
  });
  if (known.length === wanted.length) return known;
  return [...known, ...before.filter(({ name }) => !known.some((certificate) => certificate.name === name))];
}

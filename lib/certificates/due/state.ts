import { z } from 'zod';

import type { Certificate } from '../../generation/generation';
import { certificateName } from '../names';
import { noAttempts } from './attempts';
import { keyTypes } from './due';

const time = z.number();
const names = z.array(z.string()).readonly();
const version = z.number().int().positive();

const stored = z.object({
  names,
  keyType: z.enum(keyTypes),
  directory: z.string(),
  profile: z.string(),
  serial: z.string(),
  notBefore: time,
  notAfter: time,
  /** Versions of its two parameters. */
  key: version,
  chain: version,
  /** Its name at the CA (RFC 9773). */
  renewalId: z.string().optional(),
});

const state = z.object({
  held: stored.optional(),
  asked: z.object({ serial: z.string(), start: time, end: time, at: time, askAgainAt: time }).optional(),
  attempts: z.object({ issued: z.array(time).readonly(), failures: z.number(), waitUntil: time, refusedUntil: time }),
  /** The names that the attempts were for, and the CA's directory: another set, and another CA, have limits of their own. */
  attempted: names,
  attemptedAt: z.string().optional(),
});

/** A certificate that is stored. */
export type Stored = z.infer<typeof stored>;
/** What is remembered of one configured certificate, nothing secret. */
export type State = z.infer<typeof state>;

export const noState: State = { attempts: noAttempts, attempted: [] };

/** @throws when it is damaged: to take it for none would order again at every run. */
export function parseState(text: string): State {
  const read = state.safeParse(JSON.parse(text));
  if (read.success) return read.data;
  throw new Error(read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
}

/**
 * The index of the stored certificates. What the settings no longer name stays until all that they do name is there:
 * a first name that changed is another certificate, and the old one serves until then.
 */
export function listed(
  configured: readonly (readonly string[])[],
  states: ReadonlyMap<string, State>,
  before: readonly Certificate[],
): readonly Certificate[] {
  const known = configured.map(certificateName).flatMap((name) => {
    const held = states.get(name)?.held;
    if (held) return [{ name, names: held.names, serial: held.serial, key: held.key, chain: held.chain }];
    return before.filter((certificate) => certificate.name === name);
  });
  if (known.length === configured.length) return known;
  return [...known, ...before.filter(({ name }) => !known.some((certificate) => certificate.name === name))];
}

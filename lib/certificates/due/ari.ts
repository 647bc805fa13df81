import type { X509Certificate } from 'node:crypto';

import type { Renewal } from './due';

/** A CA's answer about one certificate (RFC 9773, section 4.2). Times are epoch milliseconds. */
export type RenewalInfo = {
  readonly start: number;
  readonly end: number;
  readonly retryAfterSeconds: number | undefined;
};

/** What is remembered of the answers, and when to ask again. */
export type Asked = Renewal & { readonly serial: string; readonly askAgainAt: number };

const hourMs = 3_600_000;

/**
 * The certificate's name at `renewalInfo`, and in `replaces` of an order (RFC 9773, section 4.1): its authority's key
 * identifier and its serial. `undefined` where it names no authority.
 */
export function renewalId({ raw, serialNumber }: X509Certificate): string | undefined {
  const authority = authorityKeyId(raw);
  if (authority === undefined) return undefined;
  // The DER of a positive integer begins with a zero where its first bit is set.
  const serial = Buffer.from(/^[89A-F]/.test(serialNumber) ? `00${serialNumber}` : serialNumber, 'hex');
  return `${authority.toString('base64url')}.${serial.toString('base64url')}`;
}

/** Node.js tells no extension, so the bytes of this one are sought: its OID, an octet string, a sequence, field [0]. */
function authorityKeyId(raw: Buffer): Buffer | undefined {
  const oid = Buffer.from('0603551d23', 'hex');
  const at = raw.indexOf(oid) + oid.length;
  const [octets, , sequence, , field, length = 0] = raw.subarray(at, at + 6);
  const isKeyId = at >= oid.length && octets === 0x04 && sequence === 0x30 && field === 0x80;
  return isKeyId ? raw.subarray(at + 6, at + 6 + length) : undefined;
}

/**
 * The window that a CA suggests; `undefined` where it is none. A window that has no length, or ends before it starts, counts as
 * no answer (RFC 9773, section 4.2), and so does what is no time of RFC 3339.
 */
export function suggestedWindow(answer: unknown): Pick<RenewalInfo, 'start' | 'end'> | undefined {
  const { suggestedWindow } = (answer ?? {}) as { suggestedWindow?: { start?: unknown; end?: unknown } | null };
  const [start, end] = [suggestedWindow?.start, suggestedWindow?.end].map(timeOf);
  const window = { start: start ?? Number.NaN, end: end ?? Number.NaN };
  return isWindow(window) ? window : undefined;
}

export const isWindow = ({ start, end }: Pick<RenewalInfo, 'start' | 'end'>): boolean => start < end;

/** `Date.parse` alone would take "1" for a year. */
const timeOf = (text: unknown): number =>
  typeof text === 'string' && /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text.toUpperCase())
    : Number.NaN;

/**
 * Takes in an answer. The moment is picked once in a window, by a number from 0 to 1, and stays as long as the window
 * does; drawn anew at each run, it would drift towards the window's beginning.
 */
export function noteRenewalInfo(
  before: Asked | undefined,
  serial: string,
  info: RenewalInfo,
  now: number,
  random: number,
): Asked {
  const { start, end, retryAfterSeconds } = info;
  const isSame = before?.serial === serial && before.start === start && before.end === end;
  const at = isSame ? before.at : Math.round(start + random * Math.max(0, end - start));
  // Sensible limits for a CA's mistakes (RFC 9773, section 4.3): between a minute and a day.
  const wait = Math.min(Math.max((retryAfterSeconds ?? 6 * 3_600) * 1000, hourMs / 60), 24 * hourMs);
  return { serial, start, end, at, askAgainAt: now + wait };
}

import type { Asked, Certificate } from './state';

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

/** RFC 9773, section 4.2: a window without length, or with times that are not of RFC 3339, counts as no answer. */
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

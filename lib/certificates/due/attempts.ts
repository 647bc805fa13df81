/** How the orders of one certificate went. Times are epoch milliseconds. */
export type Attempts = {
  /** When the CA issued, or may have issued, this set of names. */
  readonly issued: readonly number[];
  /** In a row. */
  readonly failures: number;
  /** By our own rule; a deploy by hand may try sooner. */
  readonly waitUntil: number;
  /** By the CA's own word: nobody may try sooner. */
  readonly refusedUntil: number;
};

export const noAttempts: Attempts = { issued: [], failures: 0, waitUntil: 0, refusedUntil: 0 };

const minuteMs = 60_000;
/** Let's Encrypt, integration guide: a minute, ten, a hundred, then once a day. */
const waits = [1, 10, 100].map((minutes) => minutes * minuteMs);
const dayMs = 24 * 60 * minuteMs;

/** Let's Encrypt issues an exact set of names five times a week; one is left for people. */
const mostPerWeek = 4;

/** Why a certificate that is due must not be ordered yet; `undefined`: it may. `asked`: somebody deployed, or started the run. */
export function reasonToWait(attempts: Attempts, asked: boolean, now: number): string | undefined {
  const lately = attempts.issued.filter((at) => at > now - 7 * dayMs).sort((a, b) => b - a);
  const oldest = lately[mostPerWeek - 1];
  if (oldest !== undefined) {
    return `it was issued ${lately.length} times within a week, and a CA allows few; the next order is on ${time(oldest + 7 * dayMs)}`;
  }
  if (now < attempts.refusedUntil) return `the CA asked to come back after ${time(attempts.refusedUntil)}`;
  if (!asked && now < attempts.waitUntil) {
    return `it failed ${attempts.failures} times; the next try is after ${time(attempts.waitUntil)}, or when you start the run: docs/certificates.md tells how`;
  }
  return undefined;
}

/** Noted before an order, for a run may end without a word: until it is known better, it failed after all was issued. */
export function noteBegun(attempts: Attempts, now: number): Attempts {
  const failures = attempts.failures + 1;
  const issued = [...attempts.issued.filter((at) => at > now - 7 * dayMs), now];
  return { ...attempts, issued, failures, waitUntil: now + (waits[failures - 1] ?? dayMs) };
}

/** @param begun what `noteBegun` gave */
export function noteFailed(begun: Attempts, wasIssued: boolean, refusedUntil: number): Attempts {
  return { ...begun, issued: wasIssued ? begun.issued : begun.issued.slice(0, -1), refusedUntil };
}

export const noteStored = (begun: Attempts): Attempts => ({ ...noAttempts, issued: begun.issued });

const time = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 16)}Z`;

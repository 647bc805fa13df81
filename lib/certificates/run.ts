export type Run = {
  readonly now: () => number;
  /** Epoch milliseconds. */
  readonly endsAt: () => number;
  /** True if the work and the cleaning up after it fit. */
  readonly hasTimeFor: (milliseconds: number) => boolean;
  /** @throws when there is only time left to clean up. */
  readonly refuseIfLate: () => void;
  /** @throws at once, when too little time would be left to clean up. */
  readonly pause: (milliseconds: number) => Promise<void>;
};

type Clock = {
  readonly now: () => number;
  readonly remainingMs: () => number;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
};

/** Kept for cleaning up: half a minute, and as long as one request to the CA may hang before. */
export const reserveMs = 120_000;

export function startRun({ now, remainingMs, sleep }: Clock): Run {
  const hasTimeFor = (milliseconds: number): boolean => remainingMs() >= reserveMs + milliseconds;
  const refuse = (milliseconds: number): void => {
    if (hasTimeFor(milliseconds)) return;
    throw new Error('the time of this run is over, it stops to clean up; the next run tries again');
  };
  return {
    now,
    endsAt: () => now() + remainingMs(),
    hasTimeFor,
    refuseIfLate: () => refuse(0),
    pause: async (milliseconds) => {
      refuse(milliseconds);
      await sleep(milliseconds);
    },
  };
}

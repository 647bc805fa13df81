type Entry<Answer> = { readonly answer: Answer; readonly until: number };

/** The answers of a caching resolver. Time is an argument, in epoch milliseconds. */
export function answerCache<Answer>() {
  const entries = new Map<string, Entry<Answer>>();
  return {
    /** Returns the kept answer until its TTL has passed; then `ask` makes the next one. */
    read: (question: string, ttlMs: number, now: number, ask: () => Answer): Entry<Answer> => {
      const kept = entries.get(question);
      if (kept !== undefined && now < kept.until) return kept;
      const entry = { answer: ask(), until: now + ttlMs };
      entries.set(question, entry);
      return entry;
    },
    /** As if the kept answer had been asked for at another time: all of a VPC share it. */
    endAt: (question: string, until: number): void => {
      const kept = entries.get(question);
      if (kept !== undefined) entries.set(question, { ...kept, until });
    },
  };
}

/** So many moments of 0 to 1, one in each of as many equal parts, in random order. */
export function drawEvenly(count: number, random: () => number): readonly number[] {
  const drawn = Array.from({ length: count }, (_, part) => ({ at: (part + random()) / count, order: random() }));
  return drawn.sort((a, b) => a.order - b.order).map(({ at }) => at);
}

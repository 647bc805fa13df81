/** The model's clock: what happens when, in order. Time is a number; nothing ever waits. */
export type Agenda = ReturnType<typeof newAgenda>;

export const second = 1_000;

/** The model begins on a Monday; only differences matter. */
const start = 1_700_438_400_000;

/** @param passed is called after each stretch of time in which nothing happens */
export function newAgenda(passed: () => void) {
  type Item = { readonly at: number; readonly what: () => unknown };
  const items: Item[] = [];
  const agenda = {
    now: start,
    since: start,
    in: (milliseconds: number, what: () => unknown): void => {
      const at = agenda.now + milliseconds;
      const index = items.findIndex((item) => item.at > at);
      items.splice(index < 0 ? items.length : index, 0, { at, what });
    },
    /** Lets this much time pass. */
    pass: async (milliseconds: number): Promise<void> => {
      const end = agenda.now + milliseconds;
      for (let next = items[0]; next !== undefined && next.at <= end; next = items[0]) {
        items.shift();
        moveTo(Math.max(next.at, agenda.now));
        const done = next.what();
        if (done instanceof Promise) await done;
      }
      moveTo(end);
    },
  };
  const moveTo = (time: number): void => {
    if (time === agenda.now) return;
    agenda.since = agenda.now;
    agenda.now = time;
    passed();
    agenda.since = time;
  };
  return agenda;
}

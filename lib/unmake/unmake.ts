/** What removing needs from the outside world. */
export type Deps = {
  /** Every parameter of the stage, complete. */
  readonly list: () => Promise<readonly string[]>;
  readonly remove: (names: readonly string[]) => Promise<void>;
  readonly pause: (milliseconds: number) => Promise<unknown>;
  readonly remainingMs: () => number;
};

/** Parameter Store may answer with what was true a moment ago, and a run that was under way may still have written. */
const pauseMs = 3_000;
/** What an answer to CloudFormation needs. */
const reserveMs = 20_000;

/**
 * Removes all parameters of a stage, and looks again until two reads in a row find none. Gives how many there were.
 *
 * @throws when there are always new ones, as long as there is time.
 */
export async function removeAll({ list, remove, pause, remainingMs }: Deps): Promise<number> {
  const removed = new Set<string>();
  for (let empty = 0; ; ) {
    const names = await list();
    empty = names.length === 0 ? empty + 1 : 0;
    if (empty === 2) return removed.size;
    if (remainingMs() < reserveMs) throw new Error(unfinished(names));
    await remove(names);
    for (const name of names) removed.add(name);
    await pause(pauseMs);
  }
}

const unfinished = (names: readonly string[]): string =>
  names.length === 0
    ? 'there was no time left to look twice whether all are gone; remove the stack again'
    : `${names[0]} and ${names.length - 1} more are still there or there again; stop what writes them, and remove the stack again`;

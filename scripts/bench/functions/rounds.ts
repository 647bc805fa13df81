import { readFileSync } from 'node:fs';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';

import type { Handlers } from '../../local/api/api';

/** The calls that waited for AWS together. */
export type Round = { readonly actions: readonly string[] };

type Deps = {
  /** Whether the program does nothing but wait. */
  readonly isIdle: () => boolean;
  /** Is told of each round before it is answered. */
  readonly seen: (round: Round) => void;
};

type Waiting = { readonly action: string; readonly answer: () => void };

/**
 * AWS answers when the program only waits for it, and then all calls that wait. So the rounds are how often a run waits for AWS, one time
 * after another, however fast or busy the machine is.
 */
export function inRounds(handlers: Handlers, { isIdle, seen }: Deps): Handlers {
  let waiting: Waiting[] = [];
  const answerAll = async (): Promise<void> => {
    for (let idle = 0, before = 0; idle < enough; ) {
      await sleep(2);
      for (let turns = 0; turns < 3; turns++) await turn();
      idle = isIdle() && waiting.length === before ? idle + 1 : 0;
      before = waiting.length;
    }
    const round = waiting;
    waiting = [];
    seen({ actions: round.map(({ action }) => action) });
    for (const { answer } of round) answer();
  };
  const held = (action: string) =>
    new Promise<void>((answer) => {
      if (waiting.push({ action, answer }) === 1) void answerAll();
    });
  const late = (action: string, handler: Handlers[string]) => async (input: never) => {
    await held(action);
    return handler?.(input);
  };
  return Object.fromEntries(Object.entries(handlers).map(([action, handler]) => [action, late(action, handler)]));
}

/** Looks in a row: a long answer may still be on its way. */
const enough = 3;

/** Linux, proc(5): the state stands behind the name, which may hold blanks. A process that waits for a core is `R`. */
export function isAsleep(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('S');
}

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import type { Visit } from '../../demo/visit';

export type Target = { readonly origin: string; readonly host: string };

/** So many requests a second to each target. */
export type Order = { readonly targets: readonly Target[]; readonly perSecond: number };

type Found = 'status' | 'task' | 'error';
/** A request to a target, by the target's place in the order. */
export type Seen = Pick<Visit, 'id' | 'start' | 'end'> & { readonly target: number } & {
  readonly [field in Found]: Visit[field] | undefined;
};

/** Four times a second: the requests that ended since the last batch, and how many have not. */
export type Batch = { readonly visits: readonly Seen[]; readonly underWay: number };

/** Starts visitors of all targets in a process of their own. */
export function startVisitors(order: Order, onVisits: (visits: readonly Seen[]) => void) {
  const tsx = pathToFileURL(require.resolve('tsx')).href;
  const child = fork(join(__dirname, 'visitors.ts'), { execArgv: ['--import', tsx], detached: true });
  const gone = once(child, 'exit');
  const state = { isIdle: true, isStopping: false };
  child.on('message', ({ visits, underWay }: Batch) => {
    state.isIdle = underWay === 0;
    onVisits(visits);
  });
  child.send(order);
  return {
    /** Rejects when the process ends by itself. */
    died: gone.then(([code, signal]) => {
      if (!state.isStopping) throw new Error(`the visitors' process ended (${code ?? signal})`);
    }),
    /** Sends no more, and waits until every request has ended. */
    finish: async (): Promise<void> => {
      child.send({ ...order, perSecond: 0 });
      // Two batches: the first may have been under way when the order was sent.
      do await sleep(600);
      while (!state.isIdle && child.connected);
    },
    stop: async (): Promise<void> => {
      state.isStopping = true;
      if (child.connected) child.disconnect();
      await gone;
    },
  };
}

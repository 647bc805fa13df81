import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import type { Batch, Order } from './requests';

export type Load = ReturnType<typeof startLoad>;

/** Starts the visitors in a process of their own. They send nothing until they have their order. */
export function startLoad(onBatch: (batch: Batch) => void) {
  const child = forkVisitors();
  const gone = once(child, 'exit');
  let underWay = 0;
  child.on('message', (batch: Batch) => {
    underWay = batch.underWay;
    onBatch(batch);
  });
  return {
    begin: (order: Order) => void child.send(order),
    isAlive: () => child.connected,
    pid: child.pid ?? 0,
    /** Sends no more, and waits until every request has ended. */
    finish: async () => {
      if (child.connected) child.send('end');
      // Two batches: the first may have been under way when the order was sent.
      do await sleep(600);
      while (underWay > 0 && child.connected);
    },
    stop: async () => {
      if (child.connected) child.disconnect();
      await gone;
    },
  };
}

/** Detached, so that Ctrl-C reaches this process only. The visitors end when this process is gone. */
function forkVisitors(): ChildProcess {
  const tsx = pathToFileURL(require.resolve('tsx')).href;
  return fork(join(__dirname, 'visitors/visitors.ts'), { execArgv: ['--import', tsx], detached: true });
}

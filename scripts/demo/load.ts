import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import type { Secure } from './secure';
import type { Visit } from './visit';

/** How many requests a second from now on, and where to; with `secure`, half of them by HTTPS. */
export type Order = { readonly origin: string; readonly perSecond: number; readonly secure?: Secure };

/** Four times a second: the requests that ended since the last batch, and how many have not. */
export type Batch = { readonly visits: readonly Visit[]; readonly underWay: number };

export type Load = ReturnType<typeof startLoad>;

/** Starts the visitors in a process of their own. They send nothing until a rate is set. */
export function startLoad(
  origin: string,
  onVisits: (visits: readonly Visit[]) => void,
  onDeath: (error: Error) => void,
) {
  const child = forkVisitors();
  const gone = once(child, 'exit');
  let stopping = false;
  let idle = true;
  child.on('message', (batch: Batch) => {
    idle = batch.underWay === 0;
    onVisits(batch.visits);
  });
  child.on('error', onDeath);
  child.on('exit', (code, signal) => stopping || onDeath(new Error(`the visitors' process ended (${code ?? signal})`)));

  let order: Order = { origin, perSecond: 0 };
  const change = (more: Partial<Order>): void => {
    order = { ...order, ...more };
    child.send(order);
  };
  return {
    rate: (perSecond: number) => change({ perSecond }),
    /** From now on half of the visitors come by HTTPS. */
    secure: (secure: Secure) => change({ secure }),
    /** Sends no more, and waits until every request has ended. */
    finish: async () => {
      change({ perSecond: 0 });
      // Two batches: the first may have been under way when the order was sent.
      do await sleep(600);
      while (!idle && child.connected);
    },
    stop: async () => {
      stopping = true;
      if (child.connected) child.disconnect();
      await gone;
    },
  };
}

/** Detached, so that Ctrl-C reaches this process only. The visitors end when this process is gone. */
function forkVisitors(): ChildProcess {
  const tsx = pathToFileURL(require.resolve('tsx')).href;
  return fork(join(__dirname, 'visitors.ts'), { execArgv: ['--import', tsx], detached: true });
}

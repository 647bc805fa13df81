import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import type { Secure } from './secure';
import { type Visit, visit } from './visit';

/** How many requests a second from now on, and to where: half of them by HTTPS where `secure` says how. */
export type Order = { readonly origin: string; readonly perSecond: number; readonly secure?: Secure };

/** Four times a second: the requests that ended since the last batch, and how many have not. */
export type Batch = { readonly visits: readonly Visit[]; readonly underWay: number };

export type Load = {
  readonly rate: (perSecond: number) => void;
  /** From now on half of the visitors come by HTTPS. */
  readonly secure: (secure: Secure) => void;
  /** Sends no more, and waits until every request has ended one way or the other. */
  readonly finish: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Starts the visitors in a process of their own. They rest until a rate is set. */
export function startLoad(
  origin: string,
  onVisits: (visits: readonly Visit[]) => void,
  onDeath: (error: Error) => void,
): Load {
  const tsx = pathToFileURL(require.resolve('tsx')).href;
  // In a process group of its own: Ctrl-C is for us to act on. Without us it ends by itself.
  const child = fork(join(__dirname, 'visitors.ts'), { execArgv: ['--import', tsx], detached: true });
  const gone = once(child, 'exit');
  let stopping = false;
  let idle = true;

  child.on('message', (batch: Batch) => {
    idle = batch.underWay === 0;
    onVisits(batch.visits);
  });
  child.on('error', onDeath);
  child.on('exit', (code, signal) => stopping || onDeath(new Error(`the load stopped by itself (${code ?? signal})`)));

  let order: Order = { origin, perSecond: 0 };
  const change = (more: Partial<Order>): void => {
    order = { ...order, ...more };
    child.send(order);
  };
  const rate = (perSecond: number) => change({ perSecond });
  return {
    rate,
    secure: (secure) => change({ secure }),
    finish: async () => {
      rate(0);
      // Two batches: the first may have been on its way when the order was given.
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

/** Knocks ten times a second until somebody answers: before its first task, nobody could serve `hello-world`. */
export async function firstAnswer(origin: string, signal: AbortSignal): Promise<void> {
  const agent = new Agent({ keepAlive: false });
  for (let n = 0; ; n += 1) {
    const { status, error } = await visit(origin, { id: `knock${n}`, kind: 'fresh', method: 'GET', path: '/' }, agent);
    if (status === 200 && error === undefined) return;
    await sleep(100, undefined, { signal });
  }
}

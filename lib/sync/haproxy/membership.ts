import { setTimeout as pause } from 'node:timers/promises';

import { type Change, change, isUp, leftovers, removable, type Sequence, type WantedServer } from './change';
import type { Haproxy, Worker } from './master';
import { accepted, idleServers, parseServersState, type RunningServer } from './replies';
import { fillOptions } from './variables';

/** A second round repairs what a lost answer left half done; what differs then, only a reload can change. */
const rounds = 2;

/** How long the last servers of a backend stay at most, when the newcomers do not pass their checks. */
const handoverMilliseconds = 2_000;

/**
 * Brings the servers of a worker to the wanted ones at run time. Tells, by reading back, whether they are.
 *
 * @param backends the ones to look at; before a reload only those that stay
 */
export async function settleServers(
  haproxy: Haproxy,
  worker: Worker,
  wanted: readonly WantedServer[],
  backends?: ReadonlySet<string>,
): Promise<boolean> {
  const ours = <Item extends { readonly backend: string }>(items: readonly Item[]) =>
    items.filter(({ backend }) => backends?.has(backend) ?? true);
  const wants = await fillOptions(haproxy, worker, ours(wanted));
  for (let round = 0; ; round++) {
    const { leaving, arriving, last } = change(ours(await runningServers(haproxy, worker)), wants);
    if (leaving.length + arriving.length + last.size === 0) return true;
    if (round === rounds) return false;
    await run(haproxy, worker, [...leaving, ...arriving]);
    await handOver(haproxy, worker, wants, last);
  }
}

/** Lets the last servers of each backend leave as soon as one of its newcomers has passed its check, or after a while. */
async function handOver(
  haproxy: Haproxy,
  worker: Worker,
  wanted: readonly WantedServer[],
  last: Change['last'],
): Promise<void> {
  const waiting = new Map(last);
  const end = performance.now() + handoverMilliseconds;
  while (waiting.size > 0) {
    const running = await runningServers(haproxy, worker);
    const up = wanted.filter((server) => running.some((other) => isUp(server, other)));
    for (const [name, leaving] of waiting) {
      if (performance.now() < end && !up.some(({ backend }) => backend === name)) continue;
      await run(haproxy, worker, leaving);
      waiting.delete(name);
    }
    if (waiting.size > 0) await pause(50);
  }
}

/** Deletes servers that left long ago and carry nothing any more. Refused ones stay for the next sync. Gives their number. */
export async function removeServers(
  haproxy: Haproxy,
  worker: Worker,
  wanted: readonly WantedServer[],
  afterSeconds: number,
): Promise<number> {
  const running = await runningServers(haproxy, worker);
  if (leftovers(running, wanted, afterSeconds).length === 0) return 0;
  const idle = async () =>
    idleServers(await haproxy.worker(worker.pid, 'show stat'), await haproxy.worker(worker.pid, 'show servers conn'));
  const once = await idle();
  const twice = await idle();
  const unused = new Set([...once].filter((name) => twice.has(name)));
  return run(haproxy, worker, removable(running, wanted, unused, afterSeconds));
}

export const runningServers = async (haproxy: Haproxy, { pid }: Worker): Promise<readonly RunningServer[]> =>
  parseServersState(await haproxy.worker(pid, 'show servers state'));

/** Gives the number of sequences that went through. What a refusal means is decided by reading back. */
async function run(haproxy: Haproxy, { pid }: Worker, sequences: readonly Sequence[]): Promise<number> {
  let whole = 0;
  for (const sequence of sequences) {
    if (await runOne((command) => haproxy.worker(pid, command), sequence)) whole++;
  }
  return whole;
}

async function runOne(tell: (command: string) => Promise<string>, sequence: Sequence): Promise<boolean> {
  for (const command of sequence) {
    if (!accepted(command, await tell(command))) return false;
  }
  return true;
}

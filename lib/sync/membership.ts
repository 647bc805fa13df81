import { change, leftovers, removable, type Sequence, type WantedServer } from './change';
import type { Haproxy, Worker } from './master';
import { accepted, idleServers, parseServersState, type RunningServer } from './replies';

/** A second round repairs what a lost answer left half done; what differs then, only a reload can change. */
const rounds = 2;

/** Brings the servers of a worker to the wanted ones at run time. Tells, by reading back, whether they are. */
export async function settleServers(
  haproxy: Haproxy,
  worker: Worker,
  wanted: readonly WantedServer[],
): Promise<boolean> {
  for (let round = 0; ; round++) {
    const { leaving, arriving } = change(await runningServers(haproxy, worker), wanted);
    if (leaving.length + arriving.length === 0) return true;
    if (round === rounds) return false;
    await run(haproxy, worker, [...leaving, ...arriving]);
  }
}

/** Takes out the servers that leave, and only those: before a reload, so that no old connection leads to a task that stops. */
export async function releaseServers(haproxy: Haproxy, worker: Worker, wanted: readonly WantedServer[]): Promise<void> {
  const kept = new Set(wanted.map(({ backend }) => backend));
  const running = await runningServers(haproxy, worker);
  const staying = running.filter(({ backend }) => kept.has(backend));
  await run(haproxy, worker, change(staying, wanted).leaving);
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

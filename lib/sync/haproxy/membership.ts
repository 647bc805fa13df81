import { setTimeout as pause } from 'node:timers/promises';

import { backendNames, type WantedServer, wantedServers } from '../../haproxy/backend';
import type { File } from '../../haproxy/render';
import { type Change, change, isUp, leftovers, removable, type Sequence } from '../change';
import { idleServers, parseServersState, type RunningServer } from '../replies';
import { send, type Worker } from './worker';

/** A second round repairs what a lost answer left half done; only a reload can change the rest. */
const rounds = 2;

/** The last servers of a backend leave then, even if the new ones have not passed their checks. */
const handoverMilliseconds = 2_000;

/** Returns, after reading back, whether the servers are as wanted. @param first the difference, if the caller has it */
export async function settleServers(worker: Worker, wanted: readonly WantedServer[], first?: Change): Promise<boolean> {
  return settle(worker, wanted, () => true, first);
}

export async function settleShared(worker: Worker, files: readonly File[], installed: readonly File[]): Promise<void> {
  const before = backendNames(installed);
  const shared = new Set(backendNames(files).filter((name) => before.includes(name)));
  const isShared = ({ backend }: { readonly backend: string }) => shared.has(backend);
  await settle(worker, wantedServers(files).filter(isShared), isShared);
}

async function settle(
  worker: Worker,
  wanted: readonly WantedServer[],
  isOurs: (server: RunningServer) => boolean,
  first?: Change,
): Promise<boolean> {
  const difference = async () => change((await runningServers(worker)).filter(isOurs), wanted);
  let { leaving, arriving, last } = first ?? (await difference());
  for (let round = 0; leaving.length + arriving.length + last.size > 0; round++) {
    if (round === rounds) return false;
    await run(worker, [...leaving, ...(await withVariables(worker, arriving))]);
    await handOver(worker, wanted, last);
    ({ leaving, arriving, last } = await difference());
  }
  return true;
}

async function handOver(worker: Worker, wanted: readonly WantedServer[], last: Change['last']): Promise<void> {
  const waiting = new Map(last);
  const end = performance.now() + handoverMilliseconds;
  while (waiting.size > 0) {
    const running = await runningServers(worker);
    const up = wanted.filter((server) => running.some((other) => isUp(server, other)));
    for (const [name, leaving] of waiting) {
      if (performance.now() < end && !up.some(({ backend }) => backend === name)) continue;
      await run(worker, leaving);
      waiting.delete(name);
    }
    if (waiting.size > 0) await pause(50);
  }
}

/** Returns the number. HAProxy may refuse; the next sync tries again. */
export async function removeServers(
  worker: Worker,
  wanted: readonly WantedServer[],
  afterSeconds: number,
): Promise<number> {
  const running = await runningServers(worker);
  if (leftovers(running, wanted, afterSeconds).length === 0) return 0;
  const idle = async () => idleServers(await worker.tell('show stat'), await worker.tell('show servers conn'));
  const [once, twice] = [await idle(), await idle()];
  const unused = new Set([...once].filter((name) => twice.has(name)));
  return run(worker, removable(running, wanted, unused, afterSeconds));
}

export const runningServers = async ({ tell }: Worker): Promise<readonly RunningServer[]> =>
  parseServersState(await tell('show servers state'));

/** Returns the number of accepted sequences; the caller reads back. */
async function run(worker: Worker, sequences: readonly Sequence[]): Promise<number> {
  let whole = 0;
  for (const sequence of sequences) {
    if ((await send(worker, sequence)) === undefined) whole++;
  }
  return whole;
}

/** With quotes or without. */
const variable = /"?\$\{(\w+)(?:-([^}"]*))?\}"?/g;

export const fillVariables = (words: string, environment: Readonly<Record<string, string | undefined>>): string =>
  words.replace(variable, (_, name: string, other = '') => environment[name] ?? other);

/** `add server` fills no variables, so its options get the worker's own, to which its configuration adds. */
async function withVariables({ tell }: Worker, sequences: readonly Sequence[]): Promise<readonly Sequence[]> {
  const names = sequences.flat().flatMap((command) => Array.from(command.matchAll(variable), ([, name = '']) => name));
  const environment: Record<string, string | undefined> = {};
  for (const name of new Set(names)) {
    environment[name] = new RegExp(`^${name}=(.*)$`, 'm').exec(await tell(`show env ${name}`))?.[1];
  }
  return sequences.map((sequence) => sequence.map((command) => fillVariables(command, environment)));
}

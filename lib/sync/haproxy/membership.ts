import { setTimeout as pause } from 'node:timers/promises';

import { backendNames, type WantedServer, wantedServers } from '../../haproxy/backend';
import type { File } from '../../haproxy/render';
import { byId, type Change, change, changing, id, isUp, leftovers, parts, removable, type Sequence } from '../change';
import { idleServers, parseServersState, type Row, type RunningServer, table } from '../replies';
import { sendTogether, type Worker } from './worker';

/** A second round repairs what a lost answer left half done; only a reload can change the rest. */
const rounds = 2;

/** The last servers of a backend leave then, even if the new ones have not passed their checks. */
const handoverMilliseconds = 2_000;

/** What HAProxy runs in the end, after reading back, and whether that is what is wanted. */
export type Settled = { readonly isSettled: boolean; readonly running: readonly RunningServer[] };

/** @param found what HAProxy runs now, and how it differs, if the caller knows */
export async function settleServers(
  worker: Worker,
  wanted: readonly WantedServer[],
  found?: { readonly running: readonly RunningServer[]; readonly difference: Change },
): Promise<Settled> {
  let running = found?.running ?? (await runningServers(worker));
  let difference = found?.difference ?? change(running, wanted);
  for (let round = 0; ; round++) {
    const backends = new Set(changing(difference));
    if (backends.size === 0 || round === rounds) return { isSettled: backends.size === 0, running };
    const { leaving, arriving, last } = difference;
    // What was refused in the first round is asked for by itself in the second.
    const together = round === 0;
    await run(worker, leaving, together);
    await run(worker, await withVariables(worker, arriving), together);
    await handOver(worker, wanted, last);
    const isAffected = ({ backend }: { readonly backend: string }) => backends.has(backend);
    const now = (await runningServers(worker, [...backends])).filter(isAffected);
    running = [...running.filter((server) => !isAffected(server)), ...now];
    difference = change(now, wanted.filter(isAffected));
  }
}

/** Changes only servers of backends that were installed before. */
export async function settleShared(worker: Worker, files: readonly File[], installed: readonly File[]): Promise<void> {
  const before = backendNames(installed);
  const shared = new Set(backendNames(files).filter((name) => before.includes(name)));
  const isShared = ({ backend }: { readonly backend: string }) => shared.has(backend);
  const [wanted, running] = [wantedServers(files).filter(isShared), (await runningServers(worker)).filter(isShared)];
  await settleServers(worker, wanted, { running, difference: change(running, wanted) });
}

async function handOver(worker: Worker, wanted: readonly WantedServer[], last: Change['last']): Promise<void> {
  const waiting = new Map(last);
  const heirs = wanted.filter(({ backend }) => last.has(backend));
  const end = performance.now() + handoverMilliseconds;
  while (waiting.size > 0) {
    const running = byId(await runningServers(worker, [...waiting.keys()]));
    const up = new Set(heirs.filter((heir) => isUp(heir, running.get(id(heir)))).map(({ backend }) => backend));
    const ready = [...waiting].filter(([backend]) => up.has(backend) || performance.now() >= end);
    await run(
      worker,
      ready.flatMap(([, leaving]) => leaving),
      true,
    );
    for (const [backend] of ready) waiting.delete(backend);
    if (waiting.size > 0) await pause(waiting.size > mostQuestions ? 250 : 50);
  }
}

/** Returns the number. HAProxy may refuse; the next sync tries again. @param running what it runs now */
export async function removeServers(
  worker: Worker,
  running: readonly RunningServer[],
  wanted: readonly WantedServer[],
  afterSeconds: number,
): Promise<number> {
  const backends = [...new Set(leftovers(running, wanted, afterSeconds).map(({ backend }) => backend))];
  if (backends.length === 0) return 0;
  const idle = async () =>
    idleServers(await tables(worker, 'show stat', backends), await tables(worker, 'show servers conn', backends));
  const [once, twice] = [await idle(), await idle()];
  const unused = new Set([...once].filter((name) => twice.has(name)));
  const removed = await run(worker, removable(running, wanted, unused, afterSeconds), true);
  return removed;
}

/** Of more backends, one question about all is quicker. Its answer may be long, so it is asked less often. */
const mostQuestions = 8;

/** @param backends only these, or more */
export async function runningServers(worker: Worker, backends?: readonly string[]): Promise<readonly RunningServer[]> {
  const replies = await askAbout(worker, 'show servers state', backends);
  return replies.flatMap(parseServersState);
}

/** Rows about at least these backends. */
export async function tables(
  worker: Worker,
  command: 'show stat' | 'show servers conn',
  backends: readonly string[],
): Promise<readonly Row[]> {
  const replies = await askAbout(worker, command, backends);
  return replies.flatMap((reply) => table(reply, command === 'show stat' ? ',' : ' '));
}

async function askAbout({ tell }: Worker, command: string, backends?: readonly string[]): Promise<readonly string[]> {
  if (backends === undefined || backends.length > mostQuestions) return [await tell(command)];
  const replies: string[] = [];
  // -1 and 4: all servers (HAProxy management guide, "show stat").
  for (const backend of backends)
    replies.push(await tell(`${command} ${backend}${command === 'show stat' ? ' 4 -1' : ''}`));
  return replies;
}

/**
 * Sends the first part of each sequence, then the second one where the first was accepted, and so on. Returns how many sequences were
 * accepted whole; the caller reads back.
 */
async function run(worker: Worker, sequences: readonly Sequence[], together: boolean): Promise<number> {
  let accepted = sequences.map((sequence) => (together ? parts(sequence) : sequence.map((command) => [command])));
  for (let step = 0; ; step++) {
    const going = accepted.filter((sequence) => sequence.length > step);
    if (going.length === 0) return accepted.length;
    const commands = going.map((sequence) => sequence[step] ?? []);
    const answers = await sendTogether(worker, commands, together);
    const refused = new Set(going.filter((_, index) => !answers[index]));
    accepted = accepted.filter((sequence) => !refused.has(sequence));
  }
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

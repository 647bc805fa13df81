import { setTimeout as pause } from 'node:timers/promises';
import { describedStructure } from '../../haproxy/render';
import { cut } from '../../printable';
import type { Haproxy, Worker } from './master';
import { type Processes, parseProcesses } from './replies';

const patienceMilliseconds = 15_000;

/**
 * Reloads HAProxy and waits until another worker shows the wanted structure, asked through the master.
 *
 * @throws when HAProxy refused; then the old worker serves on.
 */
export async function verifiedReload(haproxy: Haproxy, before: Worker & Processes, structure: string): Promise<Worker> {
  const log = await haproxy.reload();
  const end = performance.now() + patienceMilliseconds;
  while (performance.now() < end) {
    const processes = await haproxy.master('show proc').then(parseProcesses, () => undefined);
    if (processes && processes.reloads > before.reloads && processes.failed > 0) throw refused(log);
    const found = await newWorker(haproxy, before.pid, processes?.workers ?? [], structure);
    if (found) return found;
    await pause(20);
  }
  throw new Error(
    `HAProxy showed no worker with structure ${structure} within ${patienceMilliseconds / 1000} s; look at "journalctl -u haproxy"`,
  );
}

async function newWorker(
  haproxy: Haproxy,
  oldPid: number,
  pids: readonly number[],
  structure: string,
): Promise<Worker | undefined> {
  for (const pid of pids.filter((other) => other !== oldPid)) {
    const info = await haproxy.worker(pid, 'show info').catch(() => '');
    if (new RegExp(`^Pid: ${pid}$`, 'm').test(info) && describedStructure(info) === structure)
      return { pid, structure };
  }
  return undefined;
}

/** The log names files and lines of a configuration, which holds no secret. */
const refused = (log: string): Error =>
  new Error(`HAProxy refused the reload, the old worker serves on${shortened(log)}; look at "journalctl -u haproxy"`);

/** The lines of HAProxy's log that tell of a fault, short enough for a report. */
export const shortened = (log: string): string => {
  const lines = log.split('\n').filter((line) => /ALERT/.test(line));
  const text = lines.map((line) => line.replace(/^\[\w+\]\s+\S*\s*\(\d+\)\s*:\s*/, '').trim()).join(' | ');
  return text === '' ? '' : `: ${cut(text, 400)}`;
};

import { readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** Of a process and all its threads: utime and stime, and how long it waited for a core that another process held. */
export type Cpu = { readonly microseconds: number; readonly waitedMicroseconds: number };

/** Of all these processes together. */
export function cpuOfAll(pids: readonly number[]): Cpu {
  const each = pids.map(cpuOf);
  const sum = (field: keyof Cpu) => each.reduce((all, cpu) => all + cpu[field], 0);
  return { microseconds: sum('microseconds'), waitedMicroseconds: sum('waitedMicroseconds') };
}

/** The kernel's USER_HZ, the same wherever Linux runs HAProxy. */
const ticksPerSecond = 100;

/**
 * The kernel makes utime and stime out of its scheduler's count, and rounds them down to ticks; so the count itself is read where
 * the kernel shows it (Linux, Documentation/scheduler/sched-stats.rst). Ticks do not count waiting.
 */
export function cpuOf(pid: number): Cpu {
  if (clock() === 'ticks of 10 ms') return { microseconds: (ticks(pid) * 1e6) / ticksPerSecond, waitedMicroseconds: 0 };
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => scheduled(`/proc/${pid}/task/${thread}`));
  const sum = (field: 0 | 1) => threads.reduce((all, thread) => all + thread[field], 0) / 1e3;
  return { microseconds: sum(0), waitedMicroseconds: sum(1) };
}

export type Clock = 'nanoseconds of the scheduler' | 'ticks of 10 ms';

export function clock(): Clock {
  try {
    return scheduled('/proc/1')[0] > 0 ? 'nanoseconds of the scheduler' : 'ticks of 10 ms';
  } catch {
    return 'ticks of 10 ms';
  }
}

/** Nanoseconds on a core, and in wait for one. */
function scheduled(folder: string): readonly [number, number] {
  const [ran, waited] = readFileSync(`${folder}/schedstat`, 'utf8').split(' ').map(Number);
  return [ran ?? 0, waited ?? 0];
}

/** Fields 14 and 15 of proc(5), counted from the end of the name, which may hold blanks. */
function ticks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

export type Cores = { readonly measured: string; readonly load: string };

/** The last core for HAProxy, the others for the load and the task. `undefined` where there is but one. */
export function cores(): Cores | undefined {
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const all = allowed.split(',').flatMap((range) => {
    const [from = 0, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
  const measured = all.pop();
  return all.length === 0 ? undefined : { measured: String(measured), load: all.join(',') };
}

export const pinned = (core: string | undefined, command: readonly string[]): readonly string[] =>
  core === undefined ? command : ['taskset', '-c', core, ...command];

/** Gives all threads of a process priority on their core. Only root may; for other users it does nothing. */
export function givePriority(pid: number): void {
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) setPriority(Number(thread), -15);
  } catch {}
}

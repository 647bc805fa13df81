import { readdirSync, readFileSync } from 'node:fs';

/** The kernel's USER_HZ, the same on every architecture that Linux runs HAProxy on. */
const ticksPerSecond = 100;

export type Clock = 'nanoseconds of the scheduler' | 'ticks of 10 ms';

/**
 * utime and stime of a process and all its threads, in µs. The kernel makes both out of its scheduler's count, and rounds them
 * to ticks; so the count itself is read where the kernel shows it (Linux, Documentation/scheduler/sched-stats.rst).
 */
export function cpuMicroseconds(pid: number): number {
  if (clock() === 'ticks of 10 ms') return ticks(pid) * (1e6 / ticksPerSecond);
  const threads = readdirSync(`/proc/${pid}/task`);
  const each = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return each.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e3;
}

export function clock(): Clock {
  try {
    return Number(readFileSync('/proc/1/schedstat', 'utf8').split(' ')[0]) > 0
      ? 'nanoseconds of the scheduler'
      : 'ticks of 10 ms';
  } catch {
    return 'ticks of 10 ms';
  }
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

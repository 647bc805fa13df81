import { readdirSync, readFileSync } from 'node:fs';

/** A process, its children, and theirs: threads other than the first may have started some. */
export function family(pid: number): readonly number[] {
  const children = threadsOf(pid).flatMap((thread) => {
    const text = ofProc(`${pid}/task/${thread}/children`);
    return text.split(' ').filter(Boolean).map(Number);
  });
  return [pid, ...children.flatMap(family)];
}

/** In kB (Linux, Documentation/filesystems/proc.rst, smaps_rollup): what several share counts once, and once for each of them. */
export type Memory = { readonly proportional: number; readonly resident: number };

export function memoryOf(pids: readonly number[]): Memory {
  const rollups = pids.map((pid) => ofProc(`${pid}/smaps_rollup`));
  const sum = (field: string) =>
    rollups.reduce((all, text) => all + Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0), 0);
  return { proportional: sum('Pss'), resident: sum('Rss') };
}

/** Threads and processes may end between two looks; then there is nothing to read. */
function ofProc(file: string): string {
  try {
    return readFileSync(`/proc/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

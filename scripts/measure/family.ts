import { readdirSync, readFileSync } from 'node:fs';

/** A process, its children, and theirs: threads other than the first may have started some. */
export function family(pid: number): readonly number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(family)];
}

/** In kB (Linux, Documentation/filesystems/proc.rst, smaps_rollup): what several share counts once, and once for each of them. */
export type Memory = { readonly proportional: number; readonly resident: number };

export function memoryOf(pids: readonly number[]): Memory {
  const rollups = pids.map((pid) => readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  const sum = (field: string) =>
    rollups.reduce((all, text) => all + Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0), 0);
  return { proportional: sum('Pss'), resident: sum('Rss') };
}

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';

/** In kB: what processes and their files in the kernel hold, and what their sockets hold. */
export type Accounted = ReturnType<typeof accountOf>;

/**
 * What a process and its children use: in a memory cgroup of their own where one can be made (version 1, as root), else what they
 * hold for themselves (`Pss`), with the buffers of their sockets that `ss` tells of.
 *
 * @param pid of HAProxy's master; its children of later reloads are counted too, those that run already only without a cgroup
 */
export function accountOf(pid: number) {
  return byCgroup(pid) ?? { used: () => byProcess(pid), stop: () => undefined };
}

function byCgroup(pid: number) {
  const group = `/sys/fs/cgroup/memory/sluice-test-${pid}`;
  const read = (name: string) => Math.round(Number(readFileSync(`${group}/memory.${name}`, 'utf8')) / 1024);
  try {
    mkdirSync(group);
    writeFileSync(`${group}/memory.kmem.tcp.limit_in_bytes`, `${2 ** 40}`);
    for (const each of family(pid)) writeFileSync(`${group}/cgroup.procs`, `${each}`);
  } catch {
    return undefined;
  }
  const before = family(pid).reduce((sum, each) => sum + privately(each), 0);
  return {
    used: () => ({ process: before + read('usage_in_bytes'), kernel: read('kmem.tcp.usage_in_bytes') }),
    stop: () => rmdirSync(group),
  };
}

const byProcess = (pid: number) => ({
  process: family(pid).reduce((sum, each) => sum + privately(each), 0),
  kernel: socketsOf(family(pid)),
});

const family = (pid: number): readonly number[] => {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [pid, ...(children === '' ? [] : children.split(' ').map(Number))];
};

const privately = (pid: number): number =>
  Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);

/** `skmem:(r<bytes to read>,…,w<bytes to send>,…)`: man ss. */
function socketsOf(pids: readonly number[]): number {
  const lines = execFileSync('ss', ['-tnpmO'], { encoding: 'utf8', maxBuffer: 2 ** 26 }).split('\n');
  const ours = lines.filter((line) => pids.some((pid) => line.includes(`pid=${pid},`)));
  const bytes = ours.map((line) => {
    const [, received = 0, sent = 0] = /skmem:\(r(\d+),.*?,w(\d+),/.exec(line) ?? [];
    return Number(received) + Number(sent);
  });
  return Math.round(bytes.reduce((sum, each) => sum + each, 0) / 1024);
}

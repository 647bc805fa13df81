import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { path } from './processes';

const onPath = path.split(':').map((folder) => join(folder, 'haproxy'));
/** Which HAProxy is used: the one on the path, or the one that the environment names. */
export const haproxy = process.env.HAPROXY ?? onPath.find((file) => existsSync(file)) ?? 'haproxy';

/** @throws when there is none, with the way to get it. */
export function haproxyVersion(): string {
  let version: string;
  try {
    const text = execFileSync(haproxy, ['-v'], { encoding: 'utf8', env: { ...process.env, PATH: path } });
    version = /version (\d+\.\d+\.\d+)/.exec(text)?.[1] ?? '0';
  } catch (cause) {
    throw new Error(`${haproxy} does not run; "sh scripts/setup.sh" installs HAProxy`, { cause });
  }
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < 2 || (major === 2 && minor < 6))
    throw new Error(`HAProxy ${version} is too old: Sluice needs 2.6 or later`);
  return version;
}

/** Whether this HAProxy reads what is behind `.if` with this condition (HAProxy management guide, "-cc"). */
export const conditionHolds = (condition: string): boolean =>
  spawnSync(haproxy, ['-cc', condition], { env: { ...process.env, PATH: path } }).status === 0;

/** Whether the master answers with a worker, within so many milliseconds. */
export async function answers(socket: string, patienceMs: number): Promise<boolean> {
  for (const end = performance.now() + patienceMs; performance.now() < end; await sleep(50)) {
    const worker = await showProcesses(socket).then(
      (processes) => processes.worker,
      () => 0,
    );
    if (worker > 0) return true;
  }
  return false;
}

/** Asks the master for its processes (HAProxy management guide, "show proc"). */
export async function showProcesses(socket: string): Promise<{ readonly reloads: number; readonly worker: number }> {
  const text = await new Promise<string>((resolve, reject) => {
    let answer = '';
    connect(socket)
      .setEncoding('utf8')
      .on('data', (chunk) => {
        answer += chunk;
      })
      .on('error', reject)
      .on('close', () => resolve(answer))
      .end('show proc\n');
  });
  const [masters = '', workers = ''] = text.split(/^# workers.*$|^# old workers.*$|^# programs.*$/m);
  return {
    reloads: Number(/^\d+\s+master\s+(\d+)/m.exec(masters)?.[1]),
    worker: Number(/^(\d+)\s+worker/m.exec(workers)?.[1]),
  };
}

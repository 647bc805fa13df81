import { execFileSync } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { path } from './processes';

export type Address = { readonly host: string; readonly port: number };

/** Which HAProxy is used: the one on the path, or the one that the environment names. */
export const haproxy = process.env.HAPROXY ?? 'haproxy';

/** @throws when there is none, with the way to get it. */
export function haproxyVersion(): string {
  try {
    const text = execFileSync(haproxy, ['-v'], { encoding: 'utf8', env: { ...process.env, PATH: path } });
    return /version (\d+\.\d+\.\d+)/.exec(text)?.[1] ?? text.split('\n')[0] ?? '';
  } catch (cause) {
    throw new Error(`${haproxy} does not run; "sh scripts/setup.sh" installs HAProxy`, { cause });
  }
}

/** What the master says of its processes (HAProxy management guide, "show proc"). */
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

/** Resolves once something listens there, or to false after the time is over. */
export async function listens({ host, port }: Address, withinMs: number): Promise<boolean> {
  for (const end = Date.now() + withinMs; Date.now() < end; await sleep(50)) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, host, () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return true;
  }
  return false;
}

/** Free ports below those that outgoing connections take, so that they stay free while HAProxy is down. */
export async function freePorts(host: string, count: number): Promise<readonly number[]> {
  const found: number[] = [];
  let port = 20_000 + Math.floor(Math.random() * 10_000);
  for (; found.length < count; port++) {
    const free = await new Promise<boolean>((resolve) => {
      const probe = createServer().on('error', () => resolve(false));
      probe.listen(port, host, () => probe.close(() => resolve(true)));
    });
    if (free) found.push(port);
  }
  return found;
}

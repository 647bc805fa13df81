import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import type { Backend, Server } from '../../lib/haproxy/backend';
import { ask, backend, listen } from './haproxy-tasks';

export type Crowd = {
  readonly kind: string;
  readonly host: string;
  readonly name: string;
  readonly path: string;
  readonly clients: number;
  /** Over how long they come. */
  readonly seconds?: number;
  /** Without it they stay. */
  readonly leaveMs?: number;
  readonly streams?: number;
  readonly addresses?: number;
};

const running = new Set<ChildProcess>();

/** Ends all strangers that a failed test has left. */
export const endCrowds = (): void => {
  for (const child of running) child.kill('SIGKILL');
};

/** Strangers, from as many addresses of loopback. */
export function startCrowd(crowd: Crowd) {
  const child = spawn(process.execPath, [join(__dirname, 'edge-crowd.mjs'), JSON.stringify(crowd)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  let output = '';
  const there = new Promise<void>((resolve) => {
    child.stdout.on('data', (text) => {
      output += text;
      if (output.includes('there')) resolve();
    });
    child.on('close', () => resolve());
  });
  const counts = new Promise<Record<string, number>>((resolve) => {
    child.on('close', () => {
      running.delete(child);
      resolve(JSON.parse(/^\{.*\}$/m.exec(output)?.[0] ?? '{}') as Record<string, number>);
    });
  });
  const stop = () => {
    child.kill('SIGTERM');
    return counts;
  };
  return { there, counts, stop };
}

/** A task that hangs, or that answers with 1 MB at `/large` and never reads what is uploaded to it; it upgrades whoever asks. */
export async function startOddTask(name: string) {
  const large = Buffer.alloc(1 << 20, 'x');
  const server = createServer((request, response) => {
    if (request.url === '/large') response.end(large);
    else if (request.url === '/ok') response.end(name);
  });
  server.on('upgrade', (_, socket) => {
    socket.on('error', () => undefined);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    socket.write(large);
  });
  return listen(name, server, { backlog: 4096 });
}

/** A service at `<name>.example.com`, whose tasks need only listen. */
export const service = (name: string, servers: readonly Server[]): Backend =>
  backend(servers, {
    name: `default.${name}`,
    service: name,
    routes: [{ host: `${name}.example.com`, path: '/', since: 1 }],
    labels: {},
  });

/**
 * So many requests a second from an address of its own, sent whether or not those before were answered. When this process itself was
 * held up, it does not send at once what it missed. Gives how long 99 of 100 took at most, and what did not answer 200.
 */
export async function visit(host: string, name: string, seconds: number, rate = 100) {
  const took: number[] = [];
  const failed: string[] = [];
  const visits: Promise<void>[] = [];
  const once = async () => {
    const began = performance.now();
    const answer = await ask(host, { headers: { host: `${name}.example.com` }, localAddress: '127.9.9.9' });
    took.push(performance.now() - began);
    if (!answer.startsWith('200')) failed.push(answer);
  };
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; await pause(1_000 / rate))
    visits.push(once());
  await Promise.all(visits);
  return { p99: took.sort((a, b) => a - b)[Math.floor(took.length * 0.99) - 1] ?? 0, failed };
}

import { once } from 'node:events';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

let given = 0;

/** On Linux all of 127.0.0.0/8 is loopback, so each machine gets an address that no other process uses. */
export function ownAddress(): string {
  given += 1;
  const own = `127.${10 + (process.pid % 240)}.${(process.pid >> 8) % 250}.${given % 250}`;
  return platform() === 'linux' ? own : '127.0.0.1';
}

export type Address = { readonly host: string; readonly port: number };
export type Served = { readonly endpoint: string; stop(): Promise<void> };

/** Listens on this port of loopback, by default on one that the system chooses. `stop` ends its connections, `open`, too. */
export async function listen(server: Server, asked = 0) {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  await once(server.listen(asked, '127.0.0.1'), 'listening');
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of open) socket.destroy();
    });
  return { port: (server.address() as AddressInfo).port, open, stop };
}

export async function serve(listener: RequestListener): Promise<Served> {
  const { port, stop } = await listen(createHttpServer(listener));
  return { endpoint: `http://127.0.0.1:${port}`, stop };
}

export async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export const isFree = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer().on('error', () => resolve(false));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });

/** Free ports below those that outgoing connections take, so that they stay free until somebody listens. */
export async function freePorts(host: string, count: number): Promise<readonly number[]> {
  const found: number[] = [];
  for (let port = 20_000 + Math.floor(Math.random() * 10_000); found.length < count; port++) {
    if ((await isFree(host, port)) && reserve(host, port)) found.push(port);
  }
  return found;
}

const reservedMs = 120_000;

/** Keeps a port for this process until it listens there: a played machine does so only once it has booted. */
function reserve(host: string, port: number): boolean {
  const folder = join(tmpdir(), 'sluice-ports');
  const file = join(folder, `${host}-${port}`);
  mkdirSync(folder, { recursive: true });
  const since = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (since !== undefined && Date.now() - since < reservedMs) return false;
  rmSync(file, { force: true });
  try {
    writeFileSync(file, '', { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

/** Returns true once something listens there, and false when the time is over. */
export async function listens({ host, port }: Address, withinMs: number): Promise<boolean> {
  for (const end = performance.now() + withinMs; performance.now() < end; await sleep(50)) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, host, () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (isOpen) return true;
  }
  return false;
}

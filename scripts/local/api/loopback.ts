import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { platform } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

let given = 0;

/** On Linux all of 127.0.0.0/8 is loopback, so each machine has an address that no other world uses. */
export function ownAddress(): string {
  given += 1;
  const own = `127.${10 + (process.pid % 240)}.${(process.pid >> 8) % 250}.${given % 250}`;
  return platform() === 'linux' ? own : '127.0.0.1';
}

export type Address = { readonly host: string; readonly port: number };
export type Served = { readonly endpoint: string; stop(): Promise<void> };

/** An HTTP server on a port of the system's choice. */
export async function serve(listener: RequestListener): Promise<Served> {
  const server = createHttpServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export const isFree = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer().on('error', () => resolve(false));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });

/** Free ports below those that outgoing connections take, so that they stay free while nobody listens. */
export async function freePorts(host: string, count: number): Promise<readonly number[]> {
  const found: number[] = [];
  for (let port = 20_000 + Math.floor(Math.random() * 10_000); found.length < count; port++) {
    if (await isFree(host, port)) found.push(port);
  }
  return found;
}

/** True once something listens there, false when the time is over. */
export async function listens({ host, port }: Address, withinMs: number): Promise<boolean> {
  for (const end = performance.now() + withinMs; performance.now() < end; await sleep(50)) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, host, () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return true;
  }
  return false;
}

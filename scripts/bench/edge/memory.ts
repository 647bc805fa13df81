import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Memory, memoryOf } from '../../measure/family';
import type { Configuration } from './configurations';
import { host } from './load';
import { type Measured, startMeasured } from './measured';
import { type Seat, type Stand, slowPath } from './stand';

/** What all processes of a proxy take: when it has started, and after three reloads, each of which left clients in the old process. */
export type Taken = { readonly started: Memory; readonly reloaded: Memory };

const reloads = 3;
/** Requests in progress that no reload ends. */
export const held = 20;

export async function memoryTaken(stand: Stand, configuration: Configuration): Promise<Taken> {
  const proxy = await startMeasured(stand, configuration);
  // The first checks of all tasks.
  await sleep(1_000);
  const started = memoryOf(proxy.processes());
  const reloaded = await afterReloads(proxy);
  await proxy.stop();
  return { started, reloaded };
}

async function afterReloads({ seat, reload, processes }: Measured): Promise<Memory> {
  const open: Socket[] = [];
  for (let done = 0; done < reloads; done++) {
    open.push(...(await Promise.all(Array.from({ length: held }, () => hold(seat)))));
    await sleep(200);
    await reload();
  }
  await sleep(1_000);
  const taken = memoryOf(processes());
  if (open.some(({ destroyed }) => destroyed)) throw new Error('the proxy ended connections that were in use');
  for (const socket of open) socket.destroy();
  return taken;
}

async function hold({ host: address, http }: Seat): Promise<Socket> {
  const socket = connect(http, address);
  socket.on('error', () => {}).resume();
  await once(socket, 'connect');
  socket.write(`GET ${slowPath} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  return socket;
}

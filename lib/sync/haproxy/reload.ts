import { setTimeout as pause } from 'node:timers/promises';

import { type Processes, parseProcesses } from '../replies';
import { type Haproxy, isNotRunning, readWorker, type ServingWorker, shortened, type Worker } from './worker';

const reloadMilliseconds = 15_000;

/** Waits until another worker shows the wanted structure. @throws when HAProxy refused; then the old worker keeps serving. */
export async function verifiedReload(haproxy: Haproxy, before: ServingWorker, structure: string): Promise<Worker> {
  const log = await haproxy.reload();
  for (const end = performance.now() + reloadMilliseconds; performance.now() < end; await pause(20)) {
    const processes = await haproxy.master('show proc').then(parseProcesses, () => undefined);
    // A configuration that HAProxy ends with must not be the one that it is started with again.
    if (processes && processes.master !== before.master) throw ended(structure);
    if (processes && processes.reloads > before.reloads && processes.failed > 0) throw refused(log);
    for (const pid of processes?.workers.filter((other) => other !== before.pid) ?? []) {
      const worker = await readWorker(haproxy, pid);
      if (worker?.structure !== structure) continue;
      await untilLeftBehind(haproxy, before, end);
      return worker;
    }
  }
  throw new Error(
    `HAProxy showed no worker with structure ${structure} within ${reloadMilliseconds / 1000} s; look at "journalctl -u haproxy"`,
  );
}

/** From then on the old worker passes its requests on (lib/haproxy/frontends.ts). */
async function untilLeftBehind(haproxy: Haproxy, before: ServingWorker, end: number): Promise<void> {
  while ((await readWorker(haproxy, before.pid)) && performance.now() < end) await pause(20);
}

/** The log names files and lines of a configuration, which holds no secret. */
const refused = (log: string): Error =>
  new Error(
    `HAProxy refused the reload, the old worker keeps serving${shortened(log)}; look at "journalctl -u haproxy"`,
  );

/** The master ends a moment after its worker. */
const endMilliseconds = 1_000;

/** Whether the master is another one than before, or none. */
export async function hasEnded({ master }: Haproxy, before: Processes): Promise<boolean> {
  for (const end = performance.now() + endMilliseconds; performance.now() < end; await pause(50)) {
    const now = await master('show proc').then(parseProcesses).catch(isNotRunning);
    if (now === true || (now && now.master !== before.master)) return true;
  }
  return false;
}

/** Danger: to try again at once would end HAProxy again. */
export class EndedByReload extends Error {}

export const ended = (structure: string): Error =>
  new EndedByReload(
    `HAProxy ended while it was reloaded with structure ${structure}, and was started again, which cut open connections; the configuration ` +
      'of before is installed again, and the next tick tries again. "sudo journalctl -u haproxy" shows why it ended',
  );

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { currentWorker, haproxyAt, type ServingWorker } from '../../lib/sync/haproxy/worker';
import { parseProcesses, parseServersState } from '../../lib/sync/replies';
import { haproxy } from '../real/haproxy';
import type { Exit, Process, Processes } from '../real/processes';

type Path = { readonly live: string; readonly master: string };

/** The HAProxy of an instance, as its unit starts it. */
export function haproxyOf(
  processes: Processes,
  { live, master }: Path,
  environment: Readonly<Record<string, string>>,
  patienceMs: number,
) {
  const { log, start, ...unit } = unitOf(processes, ['-S', master, '-f', join(live, 'haproxy')], environment);
  const once = haproxyAt(master, 0);
  return {
    ...unit,
    /** @throws when it does not serve */
    startHaproxy: async (): Promise<void> => {
      start();
      for (const end = performance.now() + 30_000; performance.now() < end; await sleep(20))
        if (await currentWorker(once).catch(() => undefined)) return;
      throw new Error(`HAProxy did not start:\n${log.join('\n')}`);
    },
    ...askedAt(master, patienceMs),
  };
}

function unitOf(processes: Processes, argv: readonly string[], environment: Readonly<Record<string, string>>) {
  const log: string[] = [];
  let hear: (line: string) => unknown = () => undefined;
  const onLine = (line: string) => {
    if (log.push(line) > 200) log.shift();
    hear(line);
  };
  let child: Process | undefined;
  let onEnd: ((exit: Exit) => unknown) | undefined;
  const start = (): void => {
    const started = processes.launch([haproxy, '-W', ...argv], { environment, onLine });
    child = started;
    void started.exited.then(async (exit) => {
      if (child !== started || !onEnd) return;
      onEnd(exit);
      await sleep(1_000);
      if (child === started) start();
    });
  };
  return {
    log,
    start,
    stopHaproxy: async (): Promise<void> => {
      const last = child;
      child = undefined;
      last?.kill('SIGTERM');
      await last?.exited;
    },
    /** What HAProxy writes from now on, `log` included. */
    eachLine: (told: (line: string) => unknown): void => {
      hear = told;
    },
    /** From now on HAProxy is started again, a second after it ended, as its unit has it. */
    keepStarted: (told: (exit: Exit) => unknown): void => {
      onEnd = told;
    },
  };
}

function askedAt(socket: string, patienceMs: number) {
  const asked = haproxyAt(socket, patienceMs);
  /** @throws when none serves */
  const serving = async (): Promise<ServingWorker> =>
    (await currentWorker(asked, patienceMs)) ?? Promise.reject(new Error('HAProxy is not running'));
  const worker = async (command: string): Promise<string> => (await serving()).tell(command);
  return {
    serving,
    /** Asks the worker that serves. */
    worker,
    master: asked.master,
    processes: async () => parseProcesses(await asked.master('show proc')),
    servers: async () => parseServersState(await worker('show servers state')),
    /** `UP`, `DOWN`, `MAINT`, … of one server. */
    status: async (backend: string, server: string) =>
      (await worker('show stat'))
        .split('\n')
        .find((line) => line.startsWith(`${backend},${server},`))
        ?.split(',')[17],
  };
}

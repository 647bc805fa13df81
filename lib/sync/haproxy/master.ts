import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { describedStructure } from '../../haproxy/render';
import { type Processes, parseProcesses } from './replies';

/** A running HAProxy. Each gives the whole reply to one command. */
export type Haproxy = {
  readonly master: (command: string) => Promise<string>;
  /** Asks once, for a second reload would come of a second question. 2.6 answers nothing, and reloads later. */
  readonly reload: () => Promise<string>;
  readonly worker: (pid: number, command: string) => Promise<string>;
};

export type Worker = { readonly pid: number; readonly structure: string | undefined };

/** 3.2 loses a connection for good that comes while a worker starts. */
const lostMilliseconds = 2_000;

/**
 * HAProxy behind its master's socket. The master alone reaches every worker, also after a refused reload.
 * One command a connection, for 3.x runs only the first line of a connection; half-closed, for 2.6 never closes it.
 *
 * @param patienceMilliseconds how long a master is waited for that executes itself anew, or that systemd starts again
 * @param absentMilliseconds how long one is waited for whose socket does not exist
 */
export function haproxyAt(
  socket: string,
  patienceMilliseconds: number,
  absentMilliseconds = patienceMilliseconds,
): Haproxy {
  const master = (command: string): Promise<string> =>
    patiently(patienceMilliseconds, absentMilliseconds, () => ask(socket, command, lostMilliseconds));
  return {
    master,
    reload: () => ask(socket, 'reload', patienceMilliseconds).catch(() => ''),
    worker: (pid, command) => master(`@!${pid} ${command}`),
  };
}

/** Whether an error means that no HAProxy listens there. */
const notRunning = (error: unknown): boolean => ['ENOENT', 'ECONNREFUSED'].includes(code(error));

/**
 * The worker that serves, or `undefined` when nobody listens at the master's socket. After a refused reload 3.x lists it among the
 * old ones.
 *
 * @param patienceMilliseconds how long a worker is waited for: 3.2's master answers before its first one does
 * @throws when somebody listens there but does not answer as HAProxy's master does, or none of its workers answers.
 */
export async function currentWorker(haproxy: Haproxy, patienceMilliseconds = 0): Promise<ServingWorker | undefined> {
  for (const end = performance.now() + patienceMilliseconds; ; await pause(50)) {
    try {
      return await servingWorker(haproxy);
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
}

export type ServingWorker = Worker & Processes;

async function servingWorker(haproxy: Haproxy): Promise<ServingWorker | undefined> {
  const processes = await haproxy.master('show proc').then(parseProcesses).catch(absent);
  if (!processes) return undefined;
  for (const pid of processes.workers) {
    const info = await haproxy.worker(pid, 'show info').catch(() => '');
    if (hasLine(info, `Pid: ${pid}`) && hasLine(info, 'Stopping: 0')) {
      return { ...processes, pid, structure: describedStructure(info) };
    }
  }
  throw new Error(`HAProxy's master runs, but none of its workers answers; ${advice}`);
}

const advice =
  'nothing was changed; look at "sudo journalctl -u haproxy". If this stays, "sudo systemctl restart haproxy" cuts open connections';

function absent(error: unknown): undefined {
  if (notRunning(error)) return undefined;
  throw new Error(`could not ask HAProxy's master which workers it has: ${(error as Error).message}; ${advice}`, {
    cause: error,
  });
}

const hasLine = (text: string, line: string): boolean => text.split('\n').includes(line);

const code = (error: unknown): string => String((error as NodeJS.ErrnoException | undefined)?.code);

async function patiently<Reply>(
  refusedMilliseconds: number,
  absentMilliseconds: number,
  attempt: () => Promise<Reply>,
): Promise<Reply> {
  const began = performance.now();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const patience = code(error) === 'ENOENT' ? absentMilliseconds : refusedMilliseconds;
      const passing = notRunning(error) || ['ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(code(error));
      if (!passing || performance.now() - began > patience) throw error;
      await pause(20);
    }
  }
}

const ask = (path: string, command: string, milliseconds: number): Promise<string> =>
  new Promise((resolve, reject) => {
    let reply = '';
    const socket = connect({ path, allowHalfOpen: true });
    socket.setEncoding('utf8').setTimeout(milliseconds, () => {
      const words = `nobody answered "${command.split(' ', 3).join(' ')}" at ${path} within ${milliseconds} ms`;
      socket.destroy(Object.assign(new Error(words), { code: 'ETIMEDOUT' }));
    });
    socket.on('data', (text: string) => {
      reply += text;
    });
    socket.on('error', reject).on('end', () => resolve(reply));
    socket.end(`${command}\n`);
  });

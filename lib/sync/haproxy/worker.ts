import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { describedStructure } from '../../haproxy/render';
import { cut } from '../../printable';
import { accepted, acceptedTogether, type Processes, parseProcesses } from '../replies';

export type Haproxy = {
  readonly master: (command: string) => Promise<string>;
  /** Asks once: a second question would be a second reload. 2.6 answers nothing, and reloads later. */
  readonly reload: () => Promise<string>;
};

export type Worker = {
  readonly pid: number;
  readonly structure: string | undefined;
  readonly tell: (command: string) => Promise<string>;
  /** In one line, in order. The replies come as one text. */
  readonly tellTogether: (commands: readonly string[]) => Promise<string>;
};

export type ServingWorker = Worker & Processes;

/** 3.2 never answers a connection that arrives while a worker starts. */
const lostMilliseconds = 2_000;

/**
 * The master reaches every worker, also after a refused reload. One line for each connection, because 3.x runs only the first one;
 * half-closed, because 2.6 never closes.
 * @param patienceMilliseconds for a master that restarts itself, or that systemd starts again
 * @param absentMilliseconds for one whose socket does not exist
 */
export function haproxyAt(
  socket: string,
  patienceMilliseconds: number,
  absentMilliseconds = patienceMilliseconds,
): Haproxy {
  return {
    master: (command) =>
      patiently(patienceMilliseconds, absentMilliseconds, () => ask(socket, command, lostMilliseconds)),
    reload: () => ask(socket, 'reload', patienceMilliseconds).catch(() => ''),
  };
}

/**
 * `undefined` when no program listens at the socket. After a refused reload 3.x lists the serving worker among the old ones.
 * @param patienceMilliseconds for a worker: 3.2's master answers before its first one does
 * @throws when the answer is not that of HAProxy's master, or no worker answers
 */
export async function currentWorker(haproxy: Haproxy, patienceMilliseconds = 0): Promise<ServingWorker | undefined> {
  for (const end = performance.now() + patienceMilliseconds; ; await pause(50)) {
    try {
      const processes = await haproxy.master('show proc').then(parseProcesses).catch(absent);
      return processes && { ...processes, ...(await servingWorker(haproxy, processes)) };
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
}

async function servingWorker(haproxy: Haproxy, { workers }: Processes): Promise<Worker> {
  for (const pid of workers) {
    const worker = await readWorker(haproxy, pid);
    if (worker) return worker;
  }
  throw new Error(`HAProxy's master runs, but none of its workers answers; ${advice}`);
}

export async function readWorker(haproxy: Haproxy, pid: number): Promise<Worker | undefined> {
  const tellTogether = (commands: readonly string[]) =>
    haproxy.master(commands.map((command) => `@!${pid} ${command}`).join(';'));
  const tell = (command: string) => tellTogether([command]);
  const info = await tell('show info').catch(() => '');
  const serves = [`Pid: ${pid}`, 'Stopping: 0'].every((line) => info.split('\n').includes(line));
  return serves ? { pid, structure: describedStructure(info), tell, tellTogether } : undefined;
}

const advice =
  'nothing was changed; look at "sudo journalctl -u haproxy". If this stays, "sudo systemctl restart haproxy" cuts open connections';

function absent(error: unknown): undefined {
  if (isNotRunning(error)) return undefined;
  throw new Error(`could not ask HAProxy's master which workers it has: ${(error as Error).message}; ${advice}`, {
    cause: error,
  });
}

/** Returns the first command that the worker refuses, and sends none after it. */
export async function send({ tell }: Worker, commands: readonly string[]): Promise<string | undefined> {
  for (const command of commands) {
    if (!accepted(command, await tell(command))) return command;
  }
  return undefined;
}

/** A longer line does not fit HAProxy's smallest buffer (`tune.bufsize`, 16 kB). */
const longestLine = 12_000;

/** For each step, whether the worker accepted all of its commands. @param together several steps in a line */
export async function sendTogether(
  worker: Worker,
  steps: readonly (readonly string[])[],
  together: boolean,
): Promise<readonly boolean[]> {
  const answers: boolean[] = [];
  for (const line of together ? lines(steps) : steps.map((step) => [step])) {
    const commands = line.flat();
    const accepted = acceptedTogether(commands, await worker.tellTogether(commands)).values();
    // Each takes the answers to its own commands.
    for (const step of line) answers.push(step.map(() => accepted.next().value).every(Boolean));
  }
  return answers;
}

function lines(steps: readonly (readonly string[])[]): readonly (readonly (readonly string[])[])[] {
  const all: (readonly string[])[][] = [];
  let bytes = longestLine;
  for (const step of steps) {
    const more = step.reduce((sum, command) => sum + command.length + prefixBytes, 0);
    bytes += more;
    if (bytes <= longestLine) all.at(-1)?.push(step);
    else [bytes] = [more, all.push([step])];
  }
  return all;
}

/** `@!<pid> ` and the semicolon. */
const prefixBytes = 12;

export const shortened = (log: string): string => {
  const lines = log.split('\n').filter((line) => /ALERT/.test(line));
  const text = lines.map((line) => line.replace(/^\[\w+\]\s+\S*\s*\(\d+\)\s*:\s*/, '').trim()).join(' | ');
  return text === '' ? '' : `: ${cut(text, 400)}`;
};

const code = (error: unknown): string => String((error as NodeJS.ErrnoException | undefined)?.code);

export const isNotRunning = (error: unknown): boolean => ['ENOENT', 'ECONNREFUSED'].includes(code(error));

async function patiently<Reply>(
  refusedMilliseconds: number,
  absentMilliseconds: number,
  attempt: () => Promise<Reply>,
): Promise<Reply> {
  for (const began = performance.now(); ; await pause(20)) {
    try {
      return await attempt();
    } catch (error) {
      const patience = code(error) === 'ENOENT' ? absentMilliseconds : refusedMilliseconds;
      const passing = isNotRunning(error) || ['ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(code(error));
      if (!passing || performance.now() - began > patience) throw error;
    }
  }
}

const notRunning = (path: string, error: Error): Error =>
  Object.assign(
    new Error(
      `HAProxy's master does not listen at ${path} (${code(error)}), so it has ended; "sudo journalctl -u haproxy" shows why, the next tick tries again`,
    ),
    { code: code(error) },
  );

const ask = (path: string, command: string, milliseconds: number): Promise<string> =>
  new Promise((resolve, reject) => {
    let reply = '';
    const socket = connect({ path, allowHalfOpen: true });
    socket.setEncoding('utf8').setTimeout(milliseconds, () => {
      const words = `no answer to "${command.split(' ', 3).join(' ')}" at ${path} within ${milliseconds} ms`;
      socket.destroy(Object.assign(new Error(words), { code: 'ETIMEDOUT' }));
    });
    socket.on('data', (text: string) => {
      reply += text;
    });
    socket.on('error', (error) => reject(isNotRunning(error) ? notRunning(path, error) : error));
    socket.on('end', () => resolve(reply));
    socket.end(`${command}\n`);
  });

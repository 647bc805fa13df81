import { existsSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import type { Address } from '../../entrance/handshake';
import type { WantedServer } from '../../haproxy/backend';
import { type Installed, isFile } from '../disk/installed';
import { wasStarted } from '../disk/staged';
import {
  type Down,
  doubtful,
  downServers,
  type Foreign,
  foreignServers,
  type Heard,
  remembered,
  spoken,
  type Unheard,
  unheard,
} from '../faulty-tasks';
import type { RunningServer } from '../replies';
import type { Settings } from '../settings';
import { boundAddresses } from './check';
import { runningServers, tables } from './membership';
import { currentWorker, type Haproxy, type Worker } from './worker';

/** The wait for a service's first passed check; a service that is really down must not delay all others. */
const checkMilliseconds = 10_000;

/** HAProxy takes over when it answers by HTTP and each service with tasks has one that passed its check, or ten seconds are over. */
export async function notServing(haproxy: Haproxy, http: string): Promise<string | undefined> {
  const fault = await answerFault(http.replace(/^(\*|0\.0\.0\.0)?:/, '127.0.0.1:'));
  if (fault) return `HAProxy does not answer here: ${fault}; see "journalctl -u haproxy"`;
  for (const end = performance.now() + checkMilliseconds; performance.now() < end; await pause(100)) {
    const worker = await currentWorker(haproxy);
    if (!worker) return 'HAProxy has ended again; see "journalctl -u haproxy"';
    if (downBackends(await runningServers(worker)).length === 0) break;
  }
  return undefined;
}

/** Every release answers this by 400 before it looks at a route, so no service gets it. */
const noRequest = 'sluice\r\n\r\n';
const answerMilliseconds = 4_000;

const answerFault = (address: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const [, host = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
    const socket = connect({ host, port: Number(port) });
    const end = (fault?: string) => {
      clearTimeout(late);
      socket.destroy();
      resolve(fault && `${address}: ${fault}`);
    };
    const late = setTimeout(() => end(`no answer within ${answerMilliseconds} ms`), answerMilliseconds);
    socket
      .on('data', (data) => end(data.toString('latin1').startsWith('HTTP/') ? undefined : 'the answer is not HTTP'))
      .on('end', () => end('it hung up'))
      .on('error', (error) => end(error.message))
      .write(noRequest);
  });

/** Backends with tasks, none of which has passed its check. */
const downBackends = (servers: readonly RunningServer[]): readonly string[] => {
  const up = new Set(servers.filter((server) => server.admitted && server.up).map(({ backend }) => backend));
  const meant = new Set(servers.filter((server) => server.admitted).map(({ backend }) => backend));
  return [...meant].filter((backend) => !up.has(backend));
};

/** Returns `undefined` at the first boot. @throws when HAProxy serves although its master is not reachable: no change was applied. */
export async function whyNotRunning(settings: Settings, installed: Installed): Promise<string | undefined> {
  const { masterSocket, environment, home, link } = settings;
  const bound = boundAddresses(installed.files, environment);
  const listening = await Promise.all(bound.map(listens));
  if (listening.includes(true)) {
    const where = bound.filter((_, index) => listening[index]).map(({ host, port }) => `${host}:${port}`);
    throw new Error(
      `a program answers at HAProxy's ${where.join(', ')}, but no process listens at its master's socket ${masterSocket}: nothing was changed, and ` +
        'tasks that left still get requests. "sudo systemctl reload haproxy" creates the socket again and loses no request; if that ' +
        'does not help, "sudo systemctl restart haproxy" cuts connections',
    );
  }
  if (!wasStarted(home) && lstatSync(masterSocket, { throwIfNoEntry: false }) === undefined) return undefined;
  return (
    `HAProxy is not running; "sudo systemctl start haproxy" starts it with what is installed in ${link}, ` +
    'and "sudo journalctl -u haproxy" shows why it ended'
  );
}

const listens = ({ host, port }: Address): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: host === '0.0.0.0' ? '127.0.0.1' : host, port, timeout: 1_000 });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket
      .on('connect', () => end(true))
      .on('timeout', () => end(false))
      .on('error', () => end(false));
  });

/** True if HAProxy was started with our folder, false if the socket is another program's. Without `/proc` it counts as ours. */
export function isStartedWith(link: string, master: number): boolean {
  const file = `/proc/${master}/cmdline`;
  return !existsSync(file) || readFileSync(file, 'utf8').split('\0').includes(`${link}/haproxy`);
}

/** For all servers together, because a sync has ninety seconds. */
const listenMilliseconds = 300;
/** The next tick listens to the others. */
const mostAtOnce = 100;
/** An empty ClientHello: TLS answers it with an alert. */
const nonsense = Buffer.from('160301000401000000', 'hex');

/** @param isQuiet no server has changed */
export async function faultyTasks(
  worker: Worker,
  home: string,
  running: readonly RunningServer[],
  wanted: readonly WantedServer[],
  isQuiet: boolean,
): Promise<{ readonly down?: Down; readonly foreign?: Foreign }> {
  const file = join(home, 'heard.json');
  const before = readHeard(file);
  const stat = await tables(worker, 'show stat', doubtful(running, wanted, before, isQuiet));
  const found = await Promise.all(unheard(stat, wanted, before).slice(0, mostAtOnce).map(listen));
  const heard = remembered(stat, wanted, { ...before, ...Object.assign({}, ...found) });
  if (JSON.stringify(heard) !== JSON.stringify(before)) writeHeard(file, heard);
  const [down, foreign] = [downServers(stat, running), foreignServers(stat, wanted, heard)];
  return { ...(down && { down }), ...(foreign && { foreign }) };
}

/** Docker's proxy accepts connections for a container that is not ready and hangs up at once, which proves nothing. */
function listen({ key, address, port, asked }: Unheard): Promise<Heard> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    let connected = false;
    const socket = connect({ host: address, port });
    const end = (isOver: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isOver ? { [key]: spoken(bytes, asked) } : {});
    };
    const timer = setTimeout(() => end(connected), listenMilliseconds);
    socket
      .on('connect', () => {
        connected = true;
        if (asked) socket.write(nonsense);
      })
      .on('data', (more) => {
        bytes = Buffer.concat([bytes, more]);
        if (bytes.length >= 9) end(true);
      })
      .on('close', () => end(asked || bytes.length > 0))
      .on('error', () => undefined);
  });
}

function readHeard(file: string): Heard {
  try {
    const heard = JSON.parse(isFile(file) ? readFileSync(file, 'utf8') : '{}') as Heard;
    return Object.values(heard).every((each) => typeof each === 'string') ? heard : {};
  } catch {
    return {};
  }
}

/** On a full disk the next sync listens again. */
function writeHeard(file: string, heard: Heard): void {
  try {
    if (!isFile(file)) rmSync(file, { recursive: true, force: true });
    writeFileSync(file, `${JSON.stringify(heard)}\n`, { mode: 0o600 });
  } catch {}
}

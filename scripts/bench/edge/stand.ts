import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { makeStandIn } from '../../../lib/sync/haproxy/check';
import { type Cores, cores, pinned } from '../../measure/cpu';
import { haproxy } from '../../real/haproxy';
import { freePorts, listens, ownAddress } from '../../real/loopback';
import type { Launch, Process, Processes } from '../../real/processes';

export type Seat = { readonly host: string; readonly http: number; readonly https: number };
export type Running = Process & { readonly output: readonly string[] };

export const answer = 'Hello from a task.';
/** A request that is not answered for an hour. */
export const slowPath = '/slow';

/** What the configurations stand on: a certificate, and a task that answers. */
export type Stand = {
  readonly folder: string;
  readonly cores: Cores | undefined;
  readonly task: { readonly host: string; readonly port: number };
  readonly certificate: string;
  readonly launch: (command: readonly string[], environment?: Launch['environment']) => Running;
};

export async function prepare(processes: Processes): Promise<Stand> {
  if (process.platform !== 'linux') throw new Error('the bench reads /proc, so it needs Linux');
  const { folder } = processes;
  const launch: Stand['launch'] = (command, environment = {}) => {
    const output: string[] = [];
    const child = processes.launch(command, { environment, onLine: (line) => output.push(line) });
    return { ...child, output };
  };
  const used = cores();
  mkdirSync(join(folder, 'certificates'));
  const certificate = join(folder, 'certificates', '00-stand-in.pem');
  writeFileSync(certificate, makeStandIn());
  const task = await freeSeat();
  const stand = { folder, cores: used, task: { host: task.host, port: task.http }, certificate, launch };
  await startTask(stand);
  return stand;
}

/** An address of its own. */
export async function freeSeat(): Promise<Seat> {
  const own = ownAddress();
  const [http = 0, https = 0] = await freePorts(own, 2);
  return { host: own, http, https };
}

/** Answers at once, and costs little beside the load. */
async function startTask({ folder, cores, task, launch }: Stand): Promise<void> {
  const configuration = join(folder, 'task.cfg');
  writeFileSync(
    configuration,
    `defaults
    mode http
    timeout client 1h
    timeout connect 1s
    timeout server 1s

frontend task
    bind ${task.host}:${task.port}
    timeout tarpit 1h
    http-request tarpit if { path ${slowPath} }
    http-request return status 200 content-type text/plain string "${answer}"
`,
  );
  const running = launch(pinned(cores?.load, [haproxy, '-db', '-f', configuration]));
  if (!(await listens(task, 10_000))) throw new Error(`the task did not start: ${running.output.join('\n')}`);
}

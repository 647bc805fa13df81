import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { render } from '../../../lib/haproxy/render';
import type { ServingWorker } from '../../../lib/sync/haproxy/worker';
import { startInstance } from '../../proxy/instance';
import { haproxy } from '../../real/haproxy';
import { listens, ownAddress } from '../../real/loopback';
import type { Processes } from '../../real/processes';
import { type Fleet, fleet } from './fleet';
import { type Run, runOnce } from './run';

const { limits } = require('../../../resources/limits.cjs') as { limits: (type: string) => Record<string, number> };

/** A proxy with so many tasks. */
export type Instance = {
  readonly fleet: Fleet;
  /** Publishes what the fleet is now, and lets the sync reach it. */
  readonly sync: (environment?: Readonly<Record<string, string>>) => Promise<Run>;
  readonly worker: () => Promise<ServingWorker>;
  readonly stop: () => Promise<void>;
};

export async function startProxy(processes: Processes, ports: Ports, count: number): Promise<Instance> {
  const proxy = await startInstance(told, 10_000);
  const served = fleet(ports.address, count);
  let last = { text: '', generation: 0 };
  const publish = (): number => {
    const files = render({ backends: served.backends(), certified: [] });
    const text = JSON.stringify(files);
    if (text !== last.text) last = { text, generation: proxy.publishFiles(files) };
    return last.generation;
  };
  const sync: Instance['sync'] = (more = {}) =>
    runOnce(processes, join(proxy.path.folder, 'sync.sh'), publish(), { ...proxy.environment, ...more });

  await sync();
  await proxy.startHaproxy();
  await untilAllPass(proxy.serving, count);
  return { fleet: served, sync, worker: proxy.serving, stop: proxy.stop };
}

const ofType = Object.entries(limits('t4g.micro')).map(([name, value]) => [name, String(value)]);
const told: Readonly<Record<string, string>> = {
  ...Object.fromEntries(ofType),
  SLUICE_PATIENCE_SECONDS: '10',
  // So that a run removes nothing of an earlier one, unless it is to be measured.
  SLUICE_REMOVE_AFTER_SECONDS: '36000',
  AWS_REGION: 'eu-west-2',
};

async function untilAllPass(worker: Instance['worker'], count: number): Promise<void> {
  for (const end = performance.now() + 60_000; performance.now() < end; ) {
    const stat = await (await worker()).tell('show stat');
    if ((stat.match(/,UP,/g)?.length ?? 0) >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`not all ${count} tasks passed a check within a minute`);
}

/** Addresses at which tasks answer: as many as two fleets need, so that a replacement never has the address of its predecessor. */
export type Ports = { readonly address: (index: number) => { readonly address: string; readonly port: number } };

/** One HAProxy answers for all tasks. */
export async function startTasks(processes: Processes, count: number): Promise<Ports> {
  const [hosts, first] = [[ownAddress(), ownAddress()], 20_000];
  const configuration = join(processes.folder, 'tasks.cfg');
  const binds = hosts.map((host) => `    bind ${host}:${first}-${first + count - 1}\n`);
  const times = ['client', 'connect', 'server'].map((side) => `    timeout ${side} 5s\n`);
  const answer = '    http-request return status 200\n';
  writeFileSync(
    configuration,
    `global\n    maxconn 2000\ndefaults\n    mode http\n${times.join('')}frontend tasks\n${binds.join('')}${answer}`,
  );
  const output: string[] = [];
  const environment = { SLUICE: '' };
  processes.launch([haproxy, '-db', '-f', configuration], { environment, onLine: (line) => output.push(line) });
  if (!(await listens({ host: hosts[1] ?? '', port: first }, 10_000)))
    throw new Error(`the tasks did not start: ${output.join('\n')}`);
  return {
    address: (index) => {
      const place = index % (2 * count);
      return { address: hosts[Math.floor(place / count)] ?? '', port: first + (place % count) };
    },
  };
}

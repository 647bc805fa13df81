import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { currentName, type Piece, pack, pieceName, sha256 } from '../../../lib/generation/generation';
import { render } from '../../../lib/haproxy/render';
import { currentWorker, haproxyAt, type ServingWorker } from '../../../lib/sync/haproxy/worker';
import { startApi } from '../../local/api/api';
import { startImds } from '../../local/proxy/imds';
import { parameterStore } from '../../local/ssm/parameters';
import { haproxy } from '../../real/haproxy';
import { freePorts, listens, ownAddress } from '../../real/loopback';
import type { Processes } from '../../real/processes';
import { type Fleet, fleet } from './fleet';
import { type Run, runOnce } from './run';

const { script } = require('../../../resources/sync.cjs') as { script: (prefix: string) => string };
const { limits } = require('../../../resources/limits.cjs') as { limits: (type: string) => Record<string, number> };

const prefix = '/sluice/bench';
const credentials = { accessKeyId: 'AKIAPROXY', secretAccessKey: 'secret', sessionToken: 'session' };

/** A proxy with so many tasks: a real HAProxy, the real sync. Only Parameter Store and the metadata service are played. */
export type Instance = {
  readonly fleet: Fleet;
  /** Publishes what the fleet is now, and lets the sync reach it. */
  readonly sync: (environment?: Readonly<Record<string, string>>) => Promise<Run>;
  readonly worker: () => Promise<ServingWorker>;
};

export async function startProxy(processes: Processes, ports: Ports, count: number): Promise<Instance> {
  const folder = mkdtempSync(join(processes.folder, 'proxy-'));
  const store = parameterStore();
  const api = await startApi([{ ...credentials, role: 'proxy', refused: async () => undefined }], store.handlers);
  const imds = await startImds({ id: 'i-0123456789abcdef0', role: 'proxy', credentials });
  const at = (name: string) => join(folder, name);
  mkdirSync(at('run'));
  writeFileSync(at('sync.sh'), script(prefix).replace(/'\{\{ Generation \}\}'/, '"$1"'));
  const environment = {
    ...(await environmentOf(at)),
    AWS_ENDPOINT_URL_SSM: api.endpoint,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.endpoint,
  };
  const master = haproxyAt(at('master.sock'), 10_000);
  const worker = async (): Promise<ServingWorker> => {
    const found = await currentWorker(master, 10_000);
    if (!found) throw new Error("HAProxy's master does not answer");
    return found;
  };
  const publish = publisherTo(store);
  const served = fleet(ports.address, count);
  const sync: Instance['sync'] = (more = {}) =>
    runOnce(processes, at('sync.sh'), publish(served), { ...environment, ...more });

  await sync();
  const output: string[] = [];
  processes.launch([haproxy, '-W', '-S', at('master.sock'), '-f', join(at('sluice'), 'haproxy')], {
    environment,
    onLine: (line) => output.push(line),
  });
  await untilAllPass(worker, count).catch((error: Error) => {
    throw new Error(`${error.message}. HAProxy's last words:\n${output.slice(-5).join('\n')}`);
  });
  return { fleet: served, sync, worker };
}

async function environmentOf(at: (name: string) => string): Promise<Readonly<Record<string, string>>> {
  const host = ownAddress();
  const [http, https, statistics] = await freePorts(host, 3);
  const ofType = Object.entries(limits('t4g.micro')).map(([name, value]) => [name, String(value)]);
  return {
    ...Object.fromEntries(ofType),
    HAPROXY: haproxy,
    SLUICE_HOME: at('home'),
    SLUICE: at('sluice'),
    SLUICE_RUN: at('run'),
    SLUICE_MASTER: at('master.sock'),
    SLUICE_HTTP: `${host}:${http}`,
    SLUICE_HTTPS: `${host}:${https}`,
    SLUICE_STATISTICS: `${host}:${statistics}`,
    SLUICE_UNPRIVILEGED: '1',
    // So that a run removes nothing of an earlier one, unless it is to be measured.
    SLUICE_REMOVE_AFTER_SECONDS: '36000',
    AWS_REGION: 'eu-west-2',
  };
}

/** Writes only pieces that changed, as reconcile does, and returns the generation's number. */
function publisherTo(store: ReturnType<typeof parameterStore>) {
  const put = (Name: string, Value: string) => store.put({ Name, Value, Type: 'String', Overwrite: true }).Version;
  const pieces = new Map<string, Piece>();
  return ({ backends }: Fleet): number => {
    let changed = pieces.size === 0;
    for (const { name, text } of render({ backends: backends(), certified: [] })) {
      if (pieces.get(name)?.sha256 === sha256(text)) continue;
      const versions = pack(text).map((part, index) => put(pieceName(prefix, name, index), part));
      pieces.set(name, { name, sha256: sha256(text), versions });
      changed = true;
    }
    if (!changed) return store.version(currentName(prefix));
    const [value = ''] = pack(JSON.stringify({ files: [...pieces.values()], certificates: [] }), 8_192);
    return store.put({ Name: currentName(prefix), Value: value, Type: 'String', Overwrite: true, Tier: 'Advanced' })
      .Version;
  };
}

async function untilAllPass(worker: () => Promise<ServingWorker>, count: number): Promise<void> {
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

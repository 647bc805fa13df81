import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { startApi } from '../local/api/api';
import { startImds } from '../local/proxy/imds';
import { parameterStore } from '../local/ssm/parameters';
import { haproxy } from '../real/haproxy';
import { processes } from '../real/processes';
import { haproxyOf } from './haproxy';
import { prefix, publisherTo } from './publisher';
import { syncsOf } from './syncs';

const { script } = require('../../resources/sync.cjs') as { script: (prefix: string) => string };

/** Packing it takes a while, and all instances run the same. */
const syncScript = script(prefix).replace(/'\{\{ Generation \}\}'/, '"$1"');
const credentials = { accessKeyId: 'AKIAPROXY', secretAccessKey: 'secret-of-the-role', sessionToken: 'session-token' };

export type Instance = Awaited<ReturnType<typeof startInstance>>;

/**
 * A proxy instance: the real sync as its document carries it, under flock, and a real HAProxy on a loopback address of its own.
 * Only Parameter Store and the metadata service are played.
 *
 * @param told other variables that it gets at its launch
 * @param patienceMs how long a question to HAProxy is asked again, while HAProxy is reloaded or started
 */
export async function startInstance(told: Readonly<Record<string, string>> = {}, patienceMs = 0) {
  const own = processes();
  const host = `127.${random(1, 254)}.${random(0, 254)}.${random(1, 254)}`;
  const store = parameterStore();
  const refused = async (action: string) => (/^ssm:GetParameters?$/.test(action) ? undefined : '*');
  const api = await startApi([{ ...credentials, role: 'proxy', refused }], store.handlers);
  const imds = await startImds({ id: 'i-0123456789abcdef0', role: 'proxy', credentials });
  const at = (name: string) => join(own.folder, name);
  mkdirSync(at('run'));
  writeFileSync(at('sync.sh'), syncScript);

  const path = { folder: own.folder, live: at('sluice'), master: at('master.sock'), home: at('home'), run: at('run') };
  const environment = {
    ...variables(path, host),
    AWS_ENDPOINT_URL_SSM: api.endpoint,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.endpoint,
    ...told,
  };
  const proxy = haproxyOf(own, path, environment, patienceMs);
  const stop = async () => {
    await proxy.stopHaproxy();
    await Promise.all([api.stop(), imds.stop(), own.stop()]);
  };
  const syncs = syncsOf(own, at('sync.sh'), environment);
  return { ...publisherTo(store), ...syncs, ...proxy, environment, path, host, http, https, store, api, stop };
}

type Path = Readonly<Record<'live' | 'master' | 'home' | 'run', string>>;

/** No other process has the address, so the ports need not be looked for. */
const [http, https, statistics] = [10_080, 10_443, 10_404];

const variables = ({ live, master, home, run }: Path, host: string): Record<string, string> => ({
  SLUICE_HOME: home,
  SLUICE: live,
  SLUICE_RUN: run,
  SLUICE_MASTER: master,
  SLUICE_HTTP: `${host}:${http}`,
  SLUICE_HTTPS: `${host}:${https}`,
  SLUICE_STATISTICS: `${host}:${statistics}`,
  SLUICE_UNPRIVILEGED: '1',
  SLUICE_REMOVE_AFTER_SECONDS: '60',
  SLUICE_PATIENCE_SECONDS: '2',
  HAPROXY: haproxy,
});

const random = (from: number, to: number): number => from + Math.floor(Math.random() * (to - from + 1));

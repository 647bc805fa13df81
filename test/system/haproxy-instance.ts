import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Certificate,
  certificateNames,
  currentName,
  pack,
  pieceName,
  sha256,
} from '../../lib/generation/generation';
import type { Backend } from '../../lib/haproxy/backend';
import { type File, render } from '../../lib/haproxy/render';
import { parseProcesses, parseServersState } from '../../lib/sync/replies';
import { startApi } from '../../scripts/local/api/api';
import { startImds } from '../../scripts/local/proxy/imds';
import { parameterStore } from '../../scripts/local/ssm/parameters';
import { syncsOf } from './sync-process';

const { script } = require('../../resources/sync.cjs') as { script: (prefix: string) => string };

const haproxy =
  process.env.HAPROXY ??
  ['/usr/sbin/haproxy', '/usr/local/bin/haproxy', '/opt/homebrew/bin/haproxy'].find(existsSync) ??
  'haproxy';
const prefix = '/sluice/test';
const credentials = { accessKeyId: 'AKIAPROXY', secretAccessKey: 'secret-of-the-role', sessionToken: 'session-token' };

export type Instance = Awaited<ReturnType<typeof startInstance>>;

/** Packing it takes a while, and all instances run the same. */
const syncScript = script(prefix).replace(/'\{\{ Generation \}\}'/, '"$1"');

/**
 * A proxy instance: the real sync as its document carries it, under flock, and a real HAProxy on a loopback address of its own.
 * Only Parameter Store and the metadata service are played.
 *
 * @param told other variables that it gets at its launch
 */
export async function startInstance(told: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  const host = `127.${random(1, 254)}.${random(0, 254)}.${random(1, 254)}`;
  const store = parameterStore();
  const refused = async (action: string) => (/^ssm:GetParameters?$/.test(action) ? undefined : '*');
  const api = await startApi([{ ...credentials, role: 'proxy', refused }], store.handlers);
  const imds = await startImds({ id: 'i-0123456789abcdef0', role: 'proxy', credentials });
  mkdirSync(join(folder, 'run'));
  writeFileSync(join(folder, 'sync.sh'), syncScript);

  const at = (name: string) => join(folder, name);
  const path = { folder, live: at('sluice'), master: at('master.sock'), home: at('home') };
  const environment = {
    ...variables(path, host),
    ...told,
    AWS_ENDPOINT_URL_SSM: api.endpoint,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.endpoint,
  };
  const proxy = haproxyOf(path, environment);
  const stop = async () => {
    await proxy.stopHaproxy();
    await Promise.all([api.stop(), imds.stop()]);
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    ...publisherTo(store),
    ...syncsOf(folder, environment),
    ...proxy,
    environment,
    path,
    host,
    store,
    api,
    stop,
  };
}

type Path = { readonly folder: string; readonly live: string; readonly master: string; readonly home: string };

const variables = ({ folder, live, master, home }: Path, host: string): Record<string, string | undefined> => ({
  ...process.env,
  SLUICE_HOME: home,
  SLUICE: live,
  SLUICE_RUN: join(folder, 'run'),
  SLUICE_MASTER: master,
  SLUICE_HTTP: `${host}:10080`,
  SLUICE_HTTPS: `${host}:10443`,
  SLUICE_STATISTICS: `${host}:10404`,
  SLUICE_UNPRIVILEGED: '1',
  SLUICE_REMOVE_AFTER_SECONDS: '60',
  SLUICE_PATIENCE_SECONDS: '2',
  HAPROXY: haproxy,
});

/** Writes generations as `lib/aws/parameters.ts` does, but whole each time, and returns their numbers. */
function publisherTo(store: ReturnType<typeof parameterStore>) {
  const put = (Name: string, Value: string, Type = 'String') =>
    store.put({ Name, Value, Type, Overwrite: true }).Version;

  const publishFiles = (files: readonly File[], certificates: readonly Certificate[] = []): number => {
    const pieces = files.map(({ name, text }) => {
      const versions = pack(text).map((part, index) => put(pieceName(prefix, name, index), part));
      return { name, sha256: sha256(text), versions };
    });
    return put(currentName(prefix), JSON.stringify({ files: pieces, certificates }));
  };
  return {
    put,
    publishFiles,
    publish: (backends: readonly Backend[], certificates: readonly Certificate[] = []): number =>
      publishFiles(render({ backends, certified: [] }), certificates),
    /** Stores a certificate and returns its entry for a generation. */
    storeCertificate: (
      name: string,
      { key, chain = certificateOf(key) }: { key: string; chain?: string },
    ): Certificate => {
      const names = certificateNames(prefix, name);
      const versions = { key: put(names.key, key, 'SecureString'), chain: put(names.chain, chain) };
      const { serialNumber } = new X509Certificate(key.replace(/[\r\n]+/g, '\n'));
      return { name, names: [name], serial: serialNumber, ...versions };
    },
  };
}

function haproxyOf(path: Path, environment: NodeJS.ProcessEnv) {
  let child: ChildProcess | undefined;
  const master = (command: string): Promise<string> => ask(path.master, command);
  const processes = async () => parseProcesses(await master('show proc'));
  const worker = async (command: string) => master(`@!${(await processes()).workers[0]} ${command}`);

  const stopHaproxy = async () => {
    const ended = child && child.exitCode === null && new Promise((resolve) => child?.on('exit', resolve));
    child?.kill('SIGTERM');
    await ended;
    child = undefined;
  };
  return {
    startHaproxy: async () => {
      child = spawn(haproxy, ['-W', '-S', path.master, '-f', join(path.live, 'haproxy')], {
        env: environment,
        stdio: 'ignore',
      });
      await until(() => worker('show info').then((info) => /^Pid:/m.test(info)));
    },
    stopHaproxy,
    master,
    worker,
    processes,
    servers: async () => parseServersState(await worker('show servers state')),
    /** `UP`, `DOWN`, `MAINT`, … of one server. */
    status: async (backend: string, server: string) =>
      (await worker('show stat'))
        .split('\n')
        .find((line) => line.startsWith(`${backend},${server},`))
        ?.split(',')[17],
  };
}

export function ask(path: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = '';
    const socket = connect({ path, allowHalfOpen: true }).on('error', reject);
    // 3.2 loses connections that come while a worker starts.
    socket.setTimeout(1_000, () => socket.destroy(new Error('no answer')));
    socket.on('data', (text) => (reply += text)).on('end', () => resolve(reply));
    socket.end(`${command}\n`);
  });
}

/** Waits until something holds. @throws after half a minute. */
export async function until(holds: () => Promise<boolean> | boolean, what = String(holds)): Promise<void> {
  const end = Date.now() + 30_000;
  while (Date.now() < end) {
    if (await Promise.resolve(holds()).catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited 30 seconds in vain: ${what}`);
}

/** A self-signed certificate as `renew` would store it: key with leaf. */
export function selfSigned(...names: string[]): string {
  const alternatives = names.length > 0 ? ` -addext subjectAltName=${names.map((name) => `DNS:${name}`)}` : '';
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=${names[0] ?? 'stand-in'}${alternatives} -keyout - -out -`;
  return execFileSync('openssl', words.split(' '), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

/** Without its key. A chain that repeats a self-signed certificate is one that needs none; a parameter must not be empty. */
export const certificateOf = (pem: string): string => pem.slice(pem.indexOf('-----BEGIN CERTIFICATE'));

const random = (from: number, to: number): number => from + Math.floor(Math.random() * (to - from + 1));

export { pause };

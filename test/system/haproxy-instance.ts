import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
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

const { script } = require('../../resources/sync.cjs') as { script: (prefix: string) => string };

const haproxy =
  process.env.HAPROXY ??
  ['/usr/sbin/haproxy', '/usr/local/bin/haproxy', '/opt/homebrew/bin/haproxy'].find(existsSync) ??
  'haproxy';
const prefix = '/sluice/test';
const credentials = { accessKeyId: 'AKIAPROXY', secretAccessKey: 'secret-of-the-role', sessionToken: 'session-token' };

export type Outcome = {
  readonly code: number | null;
  readonly report: Record<string, unknown>;
  readonly output: string;
};
export type Instance = Awaited<ReturnType<typeof startInstance>>;

/**
 * A proxy instance: the real sync as its document carries it, under flock, and a real HAProxy on a loopback address of its own.
 * Only Parameter Store and the metadata service are played.
 *
 * @param told what it was told at its launch, besides
 */
export async function startInstance(told: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  const host = `127.${random(1, 254)}.${random(0, 254)}.${random(1, 254)}`;
  const store = parameterStore();
  const refused = async (action: string) => (/^ssm:GetParameters?$/.test(action) ? undefined : '*');
  const api = await startApi([{ ...credentials, role: 'proxy', refused }], store.handlers);
  const imds = await startImds({ id: 'i-0123456789abcdef0', role: 'proxy', credentials });
  mkdirSync(join(folder, 'run'));
  writeFileSync(join(folder, 'sync.sh'), script(prefix).replace(/'\{\{ Generation \}\}'/, '"$1"'));

  const path = {
    folder,
    live: join(folder, 'sluice'),
    master: join(folder, 'master.sock'),
    home: join(folder, 'home'),
  };
  const environment = {
    ...process.env,
    SLUICE_HOME: path.home,
    SLUICE: path.live,
    SLUICE_RUN: join(folder, 'run'),
    SLUICE_MASTER: path.master,
    SLUICE_HTTP: `${host}:10080`,
    SLUICE_HTTPS: `${host}:10443`,
    SLUICE_STATISTICS: `${host}:10404`,
    SLUICE_UNPRIVILEGED: '1',
    SLUICE_REMOVE_AFTER_SECONDS: '60',
    SLUICE_PATIENCE_SECONDS: '2',
    HAPROXY: haproxy,
    ...told,
    AWS_ENDPOINT_URL_SSM: api.endpoint,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.endpoint,
  };
  const syncs = syncsOf(path.folder, environment);
  const proxy = haproxyOf(path, environment);

  return {
    ...publisherTo(store),
    ...syncs,
    ...proxy,
    path,
    host,
    store,
    api,
    stop: async () => {
      await proxy.stopHaproxy();
      await Promise.all([api.stop(), imds.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Writes generations as `lib/aws/parameters.ts` does, but whole each time. Gives their numbers. */
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
    /** Stores a certificate and gives its entry for a generation. */
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

function syncsOf(folder: string, environment: NodeJS.ProcessEnv) {
  const startSync = (generation: number | 'health', overrides: NodeJS.ProcessEnv = {}) => {
    const child = spawn('sh', [join(folder, 'sync.sh'), String(generation)], {
      env: { ...environment, ...overrides },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    const ended = new Promise<Outcome>((resolve) => {
      child.on('close', (code) => resolve({ code, output, report: lastLine(output) }));
    });
    /** Also what it started, such as `haproxy -c`. It may have ended already. */
    const kill = () => {
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    };
    return { ended, kill };
  };
  return {
    startSync,
    sync: (generation: number, overrides?: NodeJS.ProcessEnv) => startSync(generation, overrides).ended,
    /** What haproxy.service runs before it reloads. */
    noteHealth: () => startSync('health').ended,
  };
}

function lastLine(output: string): Record<string, unknown> {
  try {
    return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
  } catch {
    return {};
  }
}

function haproxyOf(path: { live: string; master: string }, environment: NodeJS.ProcessEnv) {
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

/** A socket before HAProxy's master, which tells each command before it is passed on; `false` keeps it back. */
export async function startRelay(instance: Instance, heard: (command: string) => unknown) {
  const path = join(instance.path.folder, 'relay.sock');
  const server = createServer({ allowHalfOpen: true }, (client) => {
    let command = '';
    client.on('error', () => undefined);
    client.on('data', (text) => (command += text));
    client.on('end', () => {
      if (heard(command) === false) {
        client.destroy();
        return;
      }
      const upstream = connect({ path: instance.path.master, allowHalfOpen: true });
      upstream.on('error', () => client.destroy()).pipe(client);
      upstream.end(command);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { path, stop: () => new Promise((resolve) => server.close(resolve)) };
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

/** Waits until something holds. @throws after ten seconds. */
export async function until(holds: () => Promise<boolean> | boolean, what = String(holds)): Promise<void> {
  const end = Date.now() + 10_000;
  while (Date.now() < end) {
    if (await Promise.resolve(holds()).catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited ten seconds in vain: ${what}`);
}

/** A self-signed certificate as `renew` would store it: key with leaf. */
export function selfSigned(...names: string[]): string {
  const alternatives = names.map((name) => `DNS:${name}`).join(',');
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=${names[0]} -addext subjectAltName=${alternatives} -keyout - -out -`;
  return execFileSync('openssl', words.split(' '), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

/** Without its key. A chain that repeats a self-signed certificate is one that needs none; a parameter must not be empty. */
export const certificateOf = (pem: string): string => pem.slice(pem.indexOf('-----BEGIN CERTIFICATE'));

const random = (from: number, to: number): number => from + Math.floor(Math.random() * (to - from + 1));

export { pause };

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, connect as toSocket } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';

import type { Backend } from '../../lib/haproxy/backend';
import { type Instance, startInstance } from '../../scripts/proxy/instance';
import { certificateOf } from '../../scripts/proxy/publisher';
import type { SyncEnd } from '../../scripts/proxy/syncs';
import { ask, backend, startTask, stopTasks, type Task } from './haproxy-tasks';
import { selfSigned } from './self-signed';
import { until } from './until';

/** What the tests of the sync stand on: an instance, and three tasks that are not served yet. */
export let instance: Instance;
export let [a, b, c] = [] as unknown as readonly [Task, Task, Task];
export let host: string;

type Certificate = ReturnType<Instance['storeCertificate']>;

async function begin(): Promise<void> {
  instance = await startInstance();
  host = instance.host;
  [a, b, c] = [await startTask('a'), await startTask('b'), await startTask('c')];
}
async function end(): Promise<void> {
  await instance.stop();
  stopTasks();
}

/** Each test gets an instance of its own. */
export function standForEach(prepare: () => unknown = () => undefined): void {
  beforeEach(async () => {
    await begin();
    await prepare();
  });
  afterEach(end);
}

/** All tests of a block share one instance, each goes on with what the one before has left. */
export function standForAll(prepare: () => unknown = () => undefined): void {
  beforeAll(async () => {
    await begin();
    await prepare();
  });
  afterAll(end);
}

export const web = (...tasks: readonly Task[]): Backend => backend(tasks.map(({ server }) => server));

/** Publishes tasks and certificates, and lets the instance reach that generation. */
export const apply = (tasks: readonly Task[], certificates: readonly Certificate[] = []) =>
  instance.sync(instance.publish([web(...tasks)], certificates));

/** Publishes tasks, and starts HAProxy with them. Returns the number of the generation. */
export async function serving(...tasks: readonly Task[]): Promise<number> {
  const generation = instance.publish([web(...tasks)]);
  expect(await instance.syncHere(generation)).toMatchObject({ changed: 'prepared' });
  await instance.startHaproxy();
  await until(async () => (await ask(host)).startsWith('200'));
  return generation;
}

/** The names of the servers that the worker has. */
export const servers = async (): Promise<readonly string[]> =>
  (await instance.servers()).map(({ name }) => name).sort();

export const failing = (message: string | RegExp, code = 1) => ({
  code,
  report: { failed: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message) },
});

export const inHome = (...names: string[]): string => join(instance.path.home, ...names);

/** The lines of JSON in what a sync printed. */
export const linesOf = ({ output }: SyncEnd): readonly string[] =>
  output.split('\n').filter((line) => line.startsWith('{'));

/** A self-signed certificate in Parameter Store, without its key where `key` is of another. */
export function stored(name: string, key = selfSigned(name)) {
  return { key, chain: certificateOf(key), entry: instance.storeCertificate(name, { key }) };
}

/** A socket before HAProxy's master. `heard` gets each command before it is passed on; `false` keeps it back. */
export async function startRelay(heard: (command: string) => unknown) {
  const path = join(instance.path.folder, 'relay.sock');
  const server = createServer({ allowHalfOpen: true }, (client) => {
    let command = '';
    client.on('error', () => undefined);
    client.on('data', (text) => (command += text));
    client.on('end', () => {
      if (heard(command) === false) return client.destroy();
      const upstream = toSocket({ path: instance.path.master, allowHalfOpen: true });
      upstream.on('error', () => client.destroy()).pipe(client);
      return upstream.end(command);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { path, stop: () => new Promise((resolve) => server.close(resolve)) };
}

/** All tests of a file share one proxy; each begins with one task and without a certificate. */
export function standWithoutCertificates(): void {
  standForAll(() => serving(a));
  beforeEach(() => apply([a]));
}

export const applyCertificates = (...certificates: readonly Certificate[]) => apply([a], certificates);

/** The serial that a name is served with; without a name, as a client without SNI. */
export const served = (servername: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port: 10443, servername, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.serialNumber ?? 'none');
      socket.destroy();
    }).on('error', reject);
  });

export const serial = (pem: string): string => new X509Certificate(pem).serialNumber;

export const fileOf = (name: string): string => join(instance.path.live, 'certificates', `${name}.pem`);

export const standIn = (): string => serial(readFileSync(fileOf('00-stand-in'), 'utf8'));

export async function restart(): Promise<void> {
  await instance.stopHaproxy();
  await instance.startHaproxy();
}

/** A fault of single certificates, which holds nothing else up. */
export const butFor = (why: string) =>
  failing(new RegExp(`^everything else of generation \\d+ is applied, but ${why}`), 2);
export const escaped = (text: string) => text.replace(/[.*+?()[\]]/g, '\\$&');

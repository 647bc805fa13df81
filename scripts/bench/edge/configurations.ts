import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Backend } from '../../../lib/haproxy/backend';
import { type File, render } from '../../../lib/haproxy/render';
import { haproxy } from '../../real/haproxy';
import { host } from './load';
import type { Seat, Stand } from './stand';

/** How a proxy is started, in the foreground, in a folder of its own. */
export type Configuration = {
  readonly command: (seat: Seat, run: string) => readonly string[];
  readonly environment: (seat: Seat, run: string) => Readonly<Record<string, string>>;
  /** A signal to the process, or a command. `undefined`: it reads what changed by itself. */
  readonly reload?: NodeJS.Signals | ((run: string) => readonly string[]);
};

const byHaproxy = (path: string, environment: Configuration['environment']): Configuration => ({
  command: (_, run) => [haproxy, '-W', '-S', join(run, 'master.sock'), '-f', path],
  environment,
  reload: 'SIGUSR2',
});

export const reference = ({ certificate, task }: Stand): Configuration =>
  byHaproxy(join(__dirname, 'reference.cfg'), (seat) => ({
    BENCH_HTTP: `${seat.host}:${seat.http}`,
    BENCH_HTTPS: `${seat.host}:${seat.https}`,
    BENCH_CERTIFICATE: certificate,
    BENCH_TASK: `${task.host}:${task.port}`,
  }));

export const before = ({ folder, task }: Stand): Configuration =>
  byHaproxy(join(__dirname, 'before.cfg'), (seat, run) => ({
    ...variables(folder, seat, run),
    BENCH_TASK: `${task.host}:${task.port}`,
  }));

/** A service may have fifty hosts and paths. */
const routesOfBackend = 50;

/** One route is a host; of more, each host has two paths. A certificate for another name, so that what redirects is there too. */
export function sluiceFiles(stand: Pick<Stand, 'task'>, routes = 1): readonly File[] {
  const paths = routes === 1 ? ['/'] : ['/', '/api'];
  const hosts = hostsOf(routes);
  const backends: Backend[] = [];
  for (const path of paths) {
    for (let from = 0; from < hosts.length; from += routesOfBackend)
      backends.push(backend(stand, `shop${backends.length || ''}`, path, hosts.slice(from, from + routesOfBackend)));
  }
  return render({ certified: ['www.example.com'], backends });
}

/** So many tasks of services with 125 each, all at the address of the one that answers. */
export const tasksFiles = ({ task }: Pick<Stand, 'task'>, tasks: number): readonly File[] => {
  const services = Math.ceil(tasks / tasksOfService);
  const servers = (from: number) =>
    Array.from({ length: Math.min(tasksOfService, tasks - from) }, (_, index) => ({
      name: (from + index).toString(16).padStart(32, '0'),
      address: task.host,
      port: task.port,
    }));
  const backends = Array.from({ length: services }, (_, index) => ({
    ...backend({ task }, `shop${index || ''}`, '/', [index === 0 ? host : `shop${index}.example.com`]),
    servers: servers(index * tasksOfService),
  }));
  return render({ certified: [], backends });
};

const tasksOfService = 125;

export const hostsOf = (routes: number): readonly string[] => hostsAround(routes === 1 ? 1 : routes / 2);

/** The host of the requests is in the middle, in the order of names too. Half of the others are wildcards. */
const hostsAround = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, place) => {
    const middle = Math.floor(count / 2);
    const name = `${place < middle ? 'a' : 't'}${1000 + place}.example.com`;
    return place === middle ? host : place % 2 === 0 ? name : `*.${name}`;
  });

const backend = ({ task }: Pick<Stand, 'task'>, service: string, path: string, hosts: readonly string[]): Backend => ({
  name: `demo.${service}`,
  cluster: 'demo',
  service,
  container: 'web',
  port: 8080,
  routes: hosts.map((host) => ({ host, path, since: 100 })),
  labels: {},
  servers: [{ name: '0123456789abcdef0123456789abcdef', address: task.host, port: task.port }],
  stopped: {},
  warned: {},
});

/** As on an instance, in a folder of this name; only the addresses, and the user that it runs as, are others. */
export function sluice({ folder }: Stand, name: string, files: readonly File[]): Configuration {
  const home = join(folder, name);
  const path = join(home, 'haproxy');
  mkdirSync(path, { recursive: true });
  symlinkSync(join(folder, 'certificates'), join(home, 'certificates'));
  for (const file of files) writeFileSync(join(path, file.name), file.text);
  return byHaproxy(path, (seat, run) => variables(home, seat, run));
}

/** All of the load comes from one address, so that address has the share of all. */
const variables = (home: string, seat: Seat, run: string) => ({
  SLUICE_CONNECTIONS_OF_ADDRESS: '400',
  SLUICE_REQUESTS_OF_ADDRESS: '300',
  SLUICE: home,
  SLUICE_RUN: run,
  SLUICE_HTTP: `${seat.host}:${seat.http}`,
  SLUICE_HTTPS: `${seat.host}:${seat.https}`,
  SLUICE_STATISTICS: join(run, 'statistics.sock'),
  SLUICE_UNPRIVILEGED: '1',
});

import type { Certificate } from '../../lib/generation/generation';
import type { Backend } from '../../lib/haproxy/backend';
import { render } from '../../lib/haproxy/render';
import type { Cluster, Task } from './cluster';
import type { State } from './happenings';
import type { Promised } from './invariants';
import { hostOf } from './requests';

/** By host: the certificate that is published. */
export type Stored = Map<string, Certificate>;

/** What is to be published now, and which tasks that concerns. */
export function moment({ cluster, extra }: State, stored: Stored) {
  const backends = cluster.backends((name) => routesOf(name, extra));
  const isServed = ({ service }: Task) => cluster.named(service).isThere;
  const leaving = cluster.tasks.filter(
    (task) => task.knownAt !== undefined && !task.isPublished && task.leftAt === undefined,
  );
  const arriving = cluster.tasks.filter((task) => task.isPublished && task.knownAt === undefined && isServed(task));
  const listed = [...stored].sort(([a], [b]) => (a < b ? -1 : 1));
  const promised: Omit<Promised, 'number'> = {
    files: render({ backends, certified: [] }),
    routes: backends.flatMap(({ service, routes }) => routes.map(({ host, path }) => [host, path, service] as const)),
    serials: new Map(listed.map(([host, { serial }]) => [host, serial])),
  };
  return { leaving, arriving, promised, entries: listed.map(([, entry]) => entry) };
}

function routesOf(name: string, { hosts, paths }: State['extra']): Backend['routes'] {
  const own = [{ host: hostOf(name), path: '/', since: 1 }];
  if (name === 'web') return [...own, ...hosts.map((host) => ({ host, path: '/', since: 2 }))];
  return name === 'api' ? [...own, ...paths.map((path) => ({ host: hostOf('web'), path, since: 2 }))] : own;
}

/** A service is certainly known from the end of the sync that brought it, until its end is published. */
export function noteServices(
  { services }: Cluster,
  { routes }: Omit<Promised, 'number'>,
  publishedAt: number,
  now: number,
) {
  for (const { name, spells } of services) {
    const isKnown = routes.some(([, , service]) => service === name);
    const last = spells.at(-1);
    if (isKnown && last?.until !== Number.POSITIVE_INFINITY)
      spells.push({ from: now, until: Number.POSITIVE_INFINITY });
    if (!isKnown && last?.until === Number.POSITIVE_INFINITY) last.until = publishedAt;
  }
}

import type { Definition, Witness } from '../../lib/fleet/fleet';
import type { Task } from '../../lib/fleet/task';
import type { Backend } from '../../lib/haproxy/backend';
import type { Routes } from '../../lib/routes/routes';
import { fleet, task } from '../builders';
import { decide as decideLook } from './deciding';

// A service demo/shop whose task definitions have several containers, and what becomes of its hosts.

type Labels = Record<string, string>;
export type Containers = Record<string, Labels>;

export const long = 'w'.repeat(255);
const port: Record<string, number> = { web: 80, admin: 81, app: 82, [long]: 83 };
const portOf = (name: string): number => port[name] ?? 0;
export const at = (hosts: string, more: Labels = {}): Labels => ({ 'haproxy.host': hosts, ...more });

const definition = (revision: number, containers: Containers): Definition => ({
  revision,
  network: 'bridge',
  containers: Object.entries(containers).map(([name, labels]) => ({ name, labels, ports: [portOf(name)], ranges: [] })),
});

/** A task whose containers are bound to ports of its own that end like theirs. */
const running = (id: string, revision: number, containers: Containers): Task =>
  task(id, {
    definition: `shop:${revision}`,
    containers: Object.keys(containers).map((name) => {
      const hostPort = 20_000 + Number(id.slice(1)) * 100 + portOf(name);
      return { name, running: true, bindings: [{ containerPort: portOf(name), hostPort, count: 1 }] };
    }),
  });

type Given = { readonly published?: readonly Backend[]; readonly witness?: Witness };

/** Tasks by id, each with the number of its revision and its containers. */
type Tasks = Readonly<Record<string, readonly [revision: number, containers: Containers]>>;

export const fleetFor = (tasks: Tasks) => {
  const all = Object.entries(tasks).map(([id, [revision, containers]]) => running(id, revision, containers));
  const definitions = Object.values(tasks).map(([number, of]) => [`shop:${number}`, definition(number, of)]);
  return fleet(all, Object.fromEntries(definitions));
};

/** Decides for these tasks; `unread` definitions are refused. */
export const decideFor = (tasks: Tasks, { published = [], witness }: Given, unread: readonly number[] = []) => {
  const seen = fleetFor(tasks);
  const readable = [...seen.definitions].filter(([arn]) => !unread.some((number) => arn === `shop:${number}`));
  const fleet = { ...seen, definitions: new Map(readable) };
  return decideLook({ fleet, published, ...(witness && { witness }) });
};

/** Decides for one task of each revision, named `t1`, `t2`, …; ECS counts no more. */
export const decide = (revisions: readonly Containers[], published: readonly Backend[] = [], first = 1) => {
  const tasks = revisions.map((of, index) => [`t${first + index}`, [first + index, of] as const] as const);
  return decideFor(Object.fromEntries(tasks), { published, witness: new Map([['demo/shop', revisions.length]]) });
};

const texts = (all: readonly string[]) => [...all].sort().join(', ');

/** Which container of which task serves each host and path. */
export const served = ({ backends }: Routes) => {
  const named = (of: number) => Object.keys(port).find((name) => port[name] === of % 100);
  const words = backends.flatMap(({ routes, servers }) =>
    routes.map(({ host, path }) => [
      `${host}${path === '/' ? '' : path}`,
      texts(servers.map((server) => `${server.name} ${named(server.port)}`)),
    ]),
  );
  return Object.fromEntries(words);
};
/** The same as `a.test: t1 web, t2 web | b.test: t1 admin`. */
export const servedText = (routes: Routes): string =>
  Object.entries(served(routes))
    .map(([host, tasks]) => `${host}: ${tasks}`)
    .sort()
    .join(' | ');

/** Containers with their hosts, from `web a.test,b.test; admin c.test`; one without hosts has no labels. */
export const containers = (short: string): Containers =>
  Object.fromEntries(
    short.split('; ').map((each) => {
      const [name = '', hosts] = each.split(' ');
      return [name, hosts === undefined ? {} : at(hosts)];
    }),
  );

export const names = ({ backends }: Routes) =>
  backends
    .filter(({ routes }) => routes.length > 0)
    .map(({ name }) => name)
    .sort();

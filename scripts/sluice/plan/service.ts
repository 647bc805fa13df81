import type { Fleet } from '../../../lib/fleet/fleet';
import type { Task } from '../../../lib/fleet/task';
import type { Backend, Server } from '../../../lib/haproxy/backend';
import { publishedClaim } from '../../../lib/routes/claims';

export type TaskChange = { readonly task: string; readonly at: string; readonly why: string };

export type ServiceChange = {
  readonly service: string;
  readonly what: 'new' | 'changed' | 'gone';
  /** The newest task definition that runs. */
  readonly definition?: string;
  readonly joins: readonly TaskChange[];
  readonly leaves: readonly TaskChange[];
  /** The address or the rank changes. */
  readonly moves: readonly TaskChange[];
  readonly routes: { readonly new: readonly string[]; readonly gone: readonly string[] };
  readonly labels: readonly {
    readonly label: string;
    readonly container: string;
    readonly from?: string;
    readonly to?: string;
  }[];
};

/** The difference that people see; HAProxy's may have more, such as what is remembered of ended tasks. */
export function serviceChange(
  service: string,
  before: readonly Backend[],
  after: readonly Backend[],
  tasks: readonly Task[],
  fleet: Fleet,
): ServiceChange {
  const [had, has] = [serversOf(before), serversOf(after)];
  const routes = routeChanges(before, after);
  const known = new Map(tasks.map((task) => [task.id, task]));
  const definition = newestDefinition(tasks);
  const changeOf =
    (why: (id: string) => string) =>
    ([task, servers]: readonly [string, readonly Server[]]) => ({
      task,
      at: servers.map(placeOf).join(', '),
      why: why(task),
    });
  const [first] = [...before, ...after];
  return {
    service,
    what: isServed(before) ? (isServed(after) ? 'changed' : 'gone') : 'new',
    ...(definition !== undefined && { definition }),
    joins: [...has].filter(([id]) => !had.has(id)).map(changeOf((id) => whyJoins(known.get(id)))),
    leaves: [...had]
      .filter(([id]) => !has.has(id))
      .map(changeOf((id) => whyLeaves(known.get(id), fleet.clusters.includes(first?.cluster ?? '')))),
    moves: [...has]
      .filter(([id, servers]) => had.has(id) && JSON.stringify(servers) !== JSON.stringify(had.get(id)))
      .map(([id, servers]) => changeOf(() => whyMoves(had.get(id) ?? [], servers))([id, servers])),
    routes,
    labels: after.flatMap((backend) =>
      labelChanges(
        before.find(({ name }) => name === backend.name),
        backend,
      ),
    ),
  };
}

const isServed = (backends: readonly Backend[]): boolean => backends.some(({ routes }) => routes.length > 0);

function serversOf(backends: readonly Backend[]): ReadonlyMap<string, readonly Server[]> {
  const byTask = new Map<string, Server[]>();
  for (const server of backends.flatMap(({ servers }) => servers))
    byTask.set(server.name, [...(byTask.get(server.name) ?? []), server]);
  for (const servers of byTask.values()) servers.sort((a, b) => a.port - b.port);
  return byTask;
}

const placeOf = ({ address, port }: Server): string => `${address}:${port}`;

function routeChanges(before: readonly Backend[], after: readonly Backend[]): ServiceChange['routes'] {
  const [had, has] = [routesOf(before), routesOf(after)];
  return { new: has.filter((route) => !had.includes(route)), gone: had.filter((route) => !has.includes(route)) };
}

const routesOf = (backends: readonly Backend[]): readonly string[] => [
  ...new Set(backends.flatMap(({ routes }) => routes.map(({ host, path }) => `${host}${path}`))),
];

const nameOf = ({ definition }: Task): string => definition.split('/').at(-1) ?? definition;

function newestDefinition(tasks: readonly Task[]): string | undefined {
  const running = tasks.filter(({ state }) => state === 'running');
  const [newest] = [...running].sort((a, b) => b.createdAt - a.createdAt);
  return newest && nameOf(newest);
}

const whyJoins = (task: Task | undefined): string =>
  task === undefined ? 'it was published' : `ECS says RUNNING, of ${nameOf(task)}`;

function whyLeaves(task: Task | undefined, isInSettings: boolean): string {
  if (!isInSettings) return 'the settings do not name its cluster any more';
  if (task === undefined) return 'ECS does not describe it any more';
  if (task.state === 'stopping') return 'ECS has ordered it to stop';
  if (task.unhealthy) return 'ECS calls it UNHEALTHY, and other tasks are healthy';
  return `ECS says RUNNING, of ${nameOf(task)}, but no route leads to it, or a younger task has its port`;
}

function whyMoves(before: readonly Server[], after: readonly Server[]): string {
  if (before.map(placeOf).join() !== after.map(placeOf).join())
    return 'its address, or the port that its labels name, is another';
  const isSecond = after.some(({ second }) => second);
  return isSecond ? 'its instance drains or has a Spot warning: second choice' : 'first choice again';
}

function labelChanges(before: Backend | undefined, after: Backend): ServiceChange['labels'] {
  if (before === undefined || before.routes.length === 0 || after.routes.length === 0) return [];
  const { route } = publishedClaim(after);
  const values = ({ labels, port }: Backend): Readonly<Record<string, string>> => ({ ...labels, port: `${port}` });
  const [old, now] = [values(before), values(after)];
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].sort().flatMap((key) => {
    const [from, to] = [old[key], now[key]];
    if (from === to) return [];
    const label = `haproxy.${route === '' ? '' : `${route}.`}${key}`;
    return { label, container: after.container, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
  });
}

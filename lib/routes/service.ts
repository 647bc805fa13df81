import { type Fleet, isService } from '../fleet/fleet';
import type { Task } from '../fleet/task';
import type { Backend } from '../haproxy/backend';
import { asPublished, type Fault, type Revision, readRevisions } from './claims';
import { routeKey } from './contest';
import { type Group, groupAsPublished, groupClaims } from './groups';
import { byService, type Look } from './look';
import { keepMissing, type Missing } from './missing';

export type Service = {
  readonly service: string;
  readonly isService: boolean;
  readonly published: readonly Backend[];
  readonly running: ReadonlyMap<string, Task>;
  readonly revisions: readonly Revision[];
  /** The published claims of tasks whose own labels cannot be read. */
  readonly unseen: readonly Revision[];
  readonly groups: readonly Group[];
  /** The age of its new routes, in epoch seconds: later than every published route of others. */
  readonly since: number;
};

type Services = {
  /** Published services first, then those with older tasks. */
  readonly services: readonly Service[];
  readonly faults: readonly Fault[];
  readonly missing: Missing;
};

export function readServices(running: readonly Task[], look: Look): Services {
  const [runningOf, published] = [byService(running), byService(look.published)];
  const { revisions, faults } = readRevisions(running, look.fleet);
  const missing = keepMissing(published, runningOf, look);
  const youngest = [...published].map(([service, backends]) => ({ service, since: youngestRoute(backends) }));
  const services = [...new Set([...published.keys(), ...revisions.keys()])].map((service): Service => {
    const had = published.get(service) ?? [];
    const own = runningOf.get(service) ?? [];
    const seen = revisions.get(service) ?? [];
    const unseen = asPublished(had, unseenTasks(had, own, missing.kept, look.fleet));
    // Later than all others, so that a published route never loses to a new one, even within one second.
    const others = youngest.filter((other) => other.service !== service).map(({ since }) => since + 1);
    return {
      service,
      isService: [...had, ...seen].every(isService),
      published: had,
      running: new Map(own.map((task) => [task.id, task])),
      revisions: seen,
      unseen,
      groups: groupClaims(seen, unseen, had),
      since: Math.max(look.now, ...others),
    };
  });
  return { services: services.sort((a, b) => compare(placeOf(a), placeOf(b))), faults, missing };
}

const youngestRoute = (backends: readonly Backend[]): number =>
  Math.max(0, ...backends.flatMap(({ routes }) => routes.map(({ since }) => since)));

function unseenTasks(
  published: readonly Backend[],
  running: readonly Task[],
  kept: ReadonlySet<string>,
  { definitions }: Fleet,
): ReadonlyMap<string, number> {
  const missing = published.flatMap(({ servers }) => servers.filter(({ name }) => kept.has(name)));
  const unread = running.filter(({ definition }) => !definitions.has(definition));
  return new Map([
    ...missing.map(({ name }) => [name, 0] as const),
    ...unread.map(({ id, createdAt }) => [id, createdAt] as const),
  ]);
}

type Place = readonly [isNew: number, createdAt: number, service: string];

const placeOf = ({ published, groups, service }: Service): Place => [
  published.some(({ routes }) => routes.length > 0) ? 0 : 1,
  groups.reduce((oldest, { createdAt }) => Math.min(oldest, createdAt), Number.MAX_SAFE_INTEGER),
  service,
];

const compare = (a: Place, b: Place): number => a[0] - b[0] || a[1] - b[1] || (a[2] < b[2] ? -1 : 1);

/** A service without a running task keeps its backends as long as it exists. */
export function wantedBackends(service: Service, { witness }: Look): readonly Backend[] {
  const own = toBackends(service.groups, service);
  const waits =
    service.isService && service.running.size === 0 && (witness === undefined || witness.has(service.service));
  if (!waits) return own;
  const asked = new Set(own.flatMap(({ routes }) => routes.map(routeKey)));
  const rest = service.published
    .filter(({ name }) => !own.some((backend) => backend.name === name))
    .map((backend) => ({ ...backend, routes: backend.routes.filter((route) => !asked.has(routeKey(route))) }));
  return [...own, ...rest.filter(({ routes }) => routes.length > 0)];
}

export const publishedGroups = ({ revisions, unseen, published, running }: Service): readonly Group[] =>
  groupAsPublished(revisions, unseen, published, [...running.values()]);

/** A published route keeps its age, in whichever backend. They stay first there, so that a check keeps its host until that is gone. */
export function toBackends(groups: readonly Group[], { published, since }: Service): readonly Backend[] {
  const known = new Map(published.flatMap(({ routes }) => routes).map((route) => [routeKey(route), route]));
  return groups.map(({ backend, cluster, service, newest: { container, port, hosts, path, labels } }) => {
    const asked = new Map(hosts.map((host) => [routeKey({ host, path }), { host, path, since }]));
    const had = published.find(({ name }) => name === backend)?.routes.map(routeKey) ?? [];
    const keys = new Set([...had.filter((key) => asked.has(key)), ...asked.keys()]);
    return {
      ...{ name: backend, cluster, service, container, port, labels, servers: [] },
      routes: [...keys].flatMap((key) => known.get(key) ?? asked.get(key) ?? []),
      stopped: Object.assign({}, ...published.map(({ stopped }) => stopped)),
      warned: Object.assign({}, ...published.map(({ warned }) => warned)),
    };
  });
}

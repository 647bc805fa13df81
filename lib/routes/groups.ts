import type { Task } from '../fleet/task';
import type { Backend } from '../haproxy/backend';
import { type Claim, publishedClaim, type Revision } from './claims';
import { routeKey } from './contest';

/** The claims of a service that lead to one backend. The newest claim sets the routes; tasks of all claims serve them. */
export type Group = {
  readonly backend: string;
  readonly cluster: string;
  readonly service: string;
  readonly newest: Claim;
  /** By task id. */
  readonly claims: ReadonlyMap<string, Claim>;
  /** The oldest of these tasks, in epoch milliseconds. */
  readonly createdAt: number;
};

type Unnamed = Omit<Group, 'backend'> & {
  /** Every host and path of any revision of this group, also dropped ones. */
  readonly known: ReadonlySet<string>;
};

/**
 * Groups a service's claims into backends, and names them. In every task a host and path lead to the container that its own revision claims
 * them for. A task that claims none of a group's routes serves it with the container and route of the same name, if those serve nothing
 * else: then its service has just changed their hosts.
 */
export function groupClaims(
  revisions: readonly Revision[],
  unseen: readonly Revision[],
  published: readonly Backend[],
): readonly Group[] {
  return withNames([...newestFirst(revisions), ...unseen].reduce(withRevision, []), published);
}

/** In quarantine published routes stay; tasks serve them by their own labels, else with the published container and port. */
export function groupAsPublished(
  revisions: readonly Revision[],
  unseen: readonly Revision[],
  published: readonly Backend[],
  running: readonly Pick<Task, 'id' | 'createdAt'>[],
): readonly Group[] {
  const served = published.filter(({ routes }) => routes.length > 0);
  const [first] = served;
  if (first === undefined) return [];
  const { cluster, service } = first;
  const asPublished = { cluster, service, family: '', revision: 0, claims: served.map(publishedClaim), tasks: [] };
  const known = new Set(asPublished.claims.flatMap(routesOf));
  const groups = [asPublished, ...newestFirst(revisions), ...unseen]
    .reduce(withRevision, [])
    .filter(({ newest }) => routesOf(newest).every((route) => known.has(route)));
  const filled = groups.map((group) => {
    const others = running.filter(({ id }) => !group.claims.has(id));
    return withTasks(group, group.newest, others);
  });
  return withNames(filled, published);
}

/** Revision numbers count within a family; a service may change its family. */
function newestFirst(revisions: readonly Revision[]): readonly Revision[] {
  const youngest = ({ tasks }: Revision) => tasks.reduce((last, { createdAt }) => Math.max(last, createdAt), 0);
  const families = new Map<string, number>();
  for (const each of revisions) families.set(each.family, Math.max(families.get(each.family) ?? 0, youngest(each)));
  const age = ({ family }: Revision) => families.get(family) ?? 0;
  return [...revisions].sort(
    (a, b) => age(b) - age(a) || compare(a.family, b.family) || b.revision - a.revision || youngest(b) - youngest(a),
  );
}

function withRevision(groups: readonly Unnamed[], { cluster, service, claims, tasks }: Revision): readonly Unnamed[] {
  const split = groups.flatMap((group) => splitByClaims(group, claims));
  const free = claims.filter((claim) => !split.some(({ known }) => routesOf(claim).some((route) => known.has(route))));
  const found = split.map(
    ({ newest }) =>
      claims.find((claim) => sharesRoute(newest, claim)) ?? free.find((claim) => isSameSlot(newest, claim)),
  );
  const founders = free.filter((claim) => !found.includes(claim));
  const none = { cluster, service, claims: new Map(), createdAt: Number.POSITIVE_INFINITY, known: new Set<string>() };
  return [
    ...split.map((group, index) => withTasks(group, found[index], tasks)),
    ...founders.map((newest) => withTasks({ ...none, newest }, newest, tasks)),
  ];
}

/** If an older revision serves a group's hosts with several containers, each of them keeps serving its own. */
function splitByClaims(group: Unnamed, claims: readonly Claim[]): readonly Unnamed[] {
  const sharing = claims.filter((claim) => sharesRoute(group.newest, claim));
  const main = sharing.find((claim) => isSameSlot(group.newest, claim)) ?? sharing[0];
  const part = (hosts: readonly string[]): Unnamed => ({ ...group, newest: { ...group.newest, hosts } });
  const parts: Unnamed[] = [];
  let rest = group.newest.hosts;
  for (const { hosts } of sharing.filter((claim) => claim !== main)) {
    const own = rest.filter((host) => hosts.includes(host) && !main?.hosts.includes(host));
    rest = rest.filter((host) => !own.includes(host));
    if (own.length > 0) parts.push(part(own));
  }
  return [part(rest), ...parts];
}

const withTasks = (
  group: Unnamed,
  claim: Claim | undefined,
  tasks: readonly Pick<Task, 'id' | 'createdAt'>[],
): Unnamed =>
  claim === undefined
    ? group
    : {
        ...group,
        claims: new Map([...group.claims, ...tasks.map(({ id }) => [id, claim] as const)]),
        createdAt: tasks.reduce((oldest, { createdAt }) => Math.min(oldest, createdAt), group.createdAt),
        known: new Set([...group.known, ...routesOf(claim)]),
      };

const routesOf = ({ hosts, path }: Claim): readonly string[] => hosts.map((host) => routeKey({ host, path }));

const sharesRoute = (a: Claim, b: Claim): boolean =>
  a.path === b.path && a.hosts.some((host) => b.hosts.includes(host));

const isSameSlot = (a: Claim, b: Claim): boolean =>
  a.route === b.route && (a.container === b.container || (a.sole && b.sole));

function withNames(groups: readonly Unnamed[], published: readonly Backend[]): readonly Group[] {
  const names = nameGroups(groups, published);
  return groups
    .map((group) => ({ ...group, backend: names.get(group) ?? '' }))
    .sort((a, b) => (a.createdAt === b.createdAt ? compare(a.backend, b.backend) : a.createdAt - b.createdAt));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** `<cluster>.<service>`, then `.<route>`, or `..<container>` and `.<route>` if several containers have the route. */
type Named = { readonly cluster: string; readonly service: string; readonly newest: Claim };

/** A published name stays with its routes, else with its container; the others get a name by rule. */
function nameGroups<Of extends Named>(groups: readonly Of[], published: readonly Backend[]): ReadonlyMap<Of, string> {
  const names = new Map<Of, string>();
  const taken = new Set<string>();
  const take = (group: Of, name: string): void => {
    if (names.has(group) || taken.has(name)) return;
    names.set(group, name);
    taken.add(name);
  };
  const pairs = groups.flatMap((group) =>
    published.map((backend) => ({ group, name: backend.name, likeness: likeness(group, backend) })),
  );
  for (const { group, name } of pairs.filter((pair) => pair.likeness > 0).sort((a, b) => b.likeness - a.likeness))
    take(group, name);
  for (const group of groups) for (const name of namesFor(group, groups)) take(group, name);
  return names;
}

function likeness(group: Named, { name, routes, container }: Backend): number {
  const { hosts, path } = group.newest;
  const shared = routes.filter((route) => route.path === path && hosts.includes(route.host)).length;
  const isOwn = container === group.newest.container && [plainName(group), longName(group)].includes(name);
  return shared * 2 + (isOwn ? 1 : 0);
}

/** A file is named after its backend; file names have at most 255 bytes. */
const longestName = 240;

/** In order of preference; longer than the list of groups, so one name is always free. */
function namesFor(group: Named, groups: readonly Named[]): readonly string[] {
  const isAlone = groups.filter(({ newest }) => newest.route === group.newest.route).length === 1;
  const [plain, long] = [plainName(group), longName(group)];
  const numbered = groups.map((_, index) => `${baseName(group)}..${index + 1}`);
  return [...(isAlone ? [plain, long] : [long, plain]), ...numbered].filter((name) => name.length <= longestName);
}

/** ECS allows no dot in names, so these names never collide. */
const baseName = ({ cluster, service }: Named): string => `${cluster}.${service}`;
const suffix = ({ newest: { route } }: Named): string => (route === '' ? '' : `.${route}`);
const plainName = (group: Named): string => `${baseName(group)}${suffix(group)}`;
const longName = (group: Named): string => `${baseName(group)}..${group.newest.container}${suffix(group)}`;

import type { Task } from '../fleet/task';
import type { Backend } from '../haproxy/backend';
import type { Claim, Revision } from './claims';
import { routeKey } from './contest';
import { publishedClaim } from './missing';
import { backendNames } from './names';

/** The claims of a service that lead to one backend: the newest says where it leads, tasks of all of them serve it. */
export type Group = {
  readonly backend: string;
  readonly cluster: string;
  readonly service: string;
  readonly newest: Claim;
  /** By task id, what in that task serves the backend. */
  readonly claims: ReadonlyMap<string, Claim>;
  /** When the oldest of these tasks was made, in epoch milliseconds. */
  readonly createdAt: number;
};

type Unnamed = Omit<Group, 'backend'> & {
  /** Every host and path that a revision asked for in this group, also those that a newer one gave up. */
  readonly known: ReadonlySet<string>;
};

/**
 * Groups a service's claims, and names the backend of each group. In every task a host and path lead to the container that
 * claims them in that task's own revision. A task that claims none of a group's routes serves it with the container and
 * route of the same name, if those serve nothing else: its service has just changed their hosts.
 *
 * @param unseen what was published of tasks whose own labels cannot be read
 * @param published the service's own backends
 */
export function groupClaims(
  revisions: readonly Revision[],
  unseen: readonly Revision[],
  published: readonly Backend[],
): readonly Group[] {
  return named([...newestFirst(revisions), ...unseen].reduce(withRevision, []), published);
}

/**
 * The same for a service that is quarantined: its published routes stay as they are, and every running task serves each of
 * them by its own labels, or, where those say nothing of it, with the published container and port.
 */
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
  return named(filled, published);
}

/** Revisions count within a family; a service may change to another. */
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

/** Where an older revision serves a group's hosts with several containers, each of them goes on serving its own. */
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

/** The oldest first. */
function named(groups: readonly Unnamed[], published: readonly Backend[]): readonly Group[] {
  const names = backendNames(groups, published);
  return groups
    .map((group) => ({ ...group, backend: names.get(group) ?? '' }))
    .sort((a, b) => (a.createdAt === b.createdAt ? compare(a.backend, b.backend) : a.createdAt - b.createdAt));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

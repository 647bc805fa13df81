import { type Fleet, isService, serviceKey, type Unread } from '../fleet/fleet';
import type { Task } from '../fleet/task';
import type { Backend } from '../haproxy/backend';
import type { Claim, Fault, Revision } from './claims';
import type { Look } from './look';
import { routeName } from './names';

type ByService<Of> = ReadonlyMap<string, readonly Of[]>;

/** Published tasks that this look does not show, and what becomes of them. */
export type Missing = {
  /** Ids of those that stay. */
  readonly kept: ReadonlySet<string>;
  /** Services to ask for their own count, or, once they were asked, those whose count contradicts what ECS describes. */
  readonly doubts: readonly string[];
  readonly faults: readonly Fault[];
};

/**
 * Never wipe: when most servers of a published backend vanish though nobody told them to stop, all that its service lost stays
 * until the service's own count of running tasks agrees. What cannot be read stays until that count has no place for it.
 * A service without any task is asked whether it exists.
 */
export function keepMissing(published: ByService<Backend>, runningOf: ByService<Task>, look: Look): Missing {
  const known = new Set(look.fleet.tasks.map(({ id }) => id));
  const unread = new Set(look.fleet.unread.flatMap(({ task }) => (task && !task.stopping ? task.id : [])));
  const kept = new Set<string>();
  const doubts: string[] = [];
  const faults: Fault[] = [];
  for (const [service, backends] of published) {
    const { lost, hidden, isLarge } = missingOf(backends, known, unread);
    const running = runningOf.get(service)?.length ?? 0;
    if (!backends.every(isService)) {
      for (const id of hidden) kept.add(id);
      continue;
    }
    const isAsked = isLarge || hidden.size > 0 || (running === 0 && backends.some(({ routes }) => routes.length > 0));
    if (!isAsked) continue;
    const counted = look.witness ? (look.witness.get(service) ?? 0) : Number.POSITIVE_INFINITY;
    const cannotBeCounted = typeof counted === 'string';
    const staysHidden = cannotBeCounted || counted > running;
    const staysLost = (isLarge || running === 0) && (cannotBeCounted || counted > running + hidden.size);
    for (const id of [...(staysHidden ? hidden : []), ...(staysLost ? lost : [])]) kept.add(id);
    if (cannotBeCounted) faults.push(uncounted(service, counted));
    else if (look.witness === undefined || (staysLost && lost.size > 0)) doubts.push(service);
  }
  return { kept, doubts, faults };
}

const uncounted = (service: string, why: string): Fault => ({
  service,
  message: `${service}: its running tasks cannot be counted: ${why}; servers of it that ECS does not describe stay until they can be`,
});

/** Of a service: tasks that nobody describes, those that cannot be read, and whether it is more than half of a backend's. */
function missingOf(backends: readonly Backend[], known: ReadonlySet<string>, unread: ReadonlySet<string>) {
  const [lost, hidden] = [new Set<string>(), new Set<string>()];
  let isLarge = false;
  for (const { servers, stopped, routes } of backends) {
    const had = routes.length === 0 ? [] : servers.filter(({ name }) => !(name in stopped));
    const gone = had.filter(({ name }) => !known.has(name));
    for (const { name } of gone) (unread.has(name) ? hidden : lost).add(name);
    if (gone.filter(({ name }) => !unread.has(name)).length * 2 > had.length) isLarge = true;
  }
  return { lost, hidden, isLarge };
}

/**
 * What tasks ask for whose own labels cannot be read: what was published of them. One revision for each set of backends.
 *
 * @param backends the published ones of a service
 * @param ids of these tasks, with the time they were made, where it is known
 */
export function asPublished(backends: readonly Backend[], ids: ReadonlyMap<string, number>): readonly Revision[] {
  const revisions = new Map<string, Revision>();
  for (const [id, createdAt] of ids) {
    const own = backends.filter(({ routes, servers }) => routes.length > 0 && servers.some(({ name }) => name === id));
    const [first] = own;
    if (first === undefined) continue;
    const key = own.map(({ name }) => name).join();
    const known = revisions.get(key);
    const { cluster, service } = first;
    const tasks = [...(known?.tasks ?? []), { id, createdAt }];
    revisions.set(key, { cluster, service, family: '', revision: 0, claims: own.map(publishedClaim), tasks });
  }
  return [...revisions.values()];
}

/** The claim that a published backend was made from, as far as it can still be told. */
export const publishedClaim = ({ container, port, routes, check, ...named }: Backend): Claim => ({
  container,
  route: routeName(named),
  sole: false,
  port,
  hosts: routes.map(({ host }) => host),
  path: routes[0]?.path ?? '/',
  check,
});

/** What could not be read, and what becomes of it, behind the services that it concerns. */
export function unreadFaults({ unread }: Fleet, published: readonly Backend[]): readonly string[] {
  const sentences = unread.slice(0, mostNamed).map(({ what, why, services, task }) => {
    const owner = published.find(({ servers }) => servers.some(({ name }) => name === task?.id));
    const known = services.length > 0 || owner === undefined ? services : [serviceKey(owner)];
    return `${known.length > 0 ? `${known.join(', ')}: ` : ''}${sentence({ what, why })}`;
  });
  return unread.length > mostNamed ? [...sentences, `${unread.length - mostNamed} more cannot be read`] : sentences;
}

/** Of a whole cluster that cannot be read, as many as a line of the log can hold. */
const mostNamed = 20;

const sentence = ({ what, why }: Pick<Unread, 'what' | 'why'>): string =>
  `${what} cannot be read: ${why}; what is published of it stays until it is told to stop, what is not waits`;

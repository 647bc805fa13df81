import { type Fleet, isService, serviceKey, type Unread } from '../fleet/fleet';
import type { Task } from '../fleet/task';
import type { Backend, Server } from '../haproxy/backend';
import type { Fault } from './claims';
import type { Look } from './look';

type Seen = Pick<Look, 'fleet' | 'witness'>;

/**
 * The published servers of tasks that cannot be read: each stays until its stop order, or until its service counts no more
 * tasks than can be read. One whose definition alone cannot be read is seen to run.
 *
 * @param own the service's running tasks
 */
export function unreadServers(backend: Backend, own: readonly Task[], look: Seen): readonly Server[] {
  const undescribed = new Set(
    own.filter(({ definition }) => !look.fleet.definitions.has(definition)).map(({ id }) => id),
  );
  const hidden = hiddenServers(backend, look.fleet);
  const counted = look.witness?.get(serviceKey(backend)) ?? 0;
  const isGone =
    isService(backend) && look.witness !== undefined && typeof counted === 'number' && counted <= own.length;
  return backend.servers.filter((server) => undescribed.has(server.name) || (!isGone && hidden.includes(server)));
}

/** Adds them to a backend that was filled with what can be read. */
export function keepUnread(backend: Backend, own: readonly Task[], look: Look): Backend {
  const before = look.published.find(({ name, routes }) => name === backend.name && routes.length > 0);
  if (before === undefined || backend.routes.length === 0) return backend;
  const more = unreadServers({ ...before, stopped: backend.stopped }, own, look);
  const known = new Set(backend.servers.map(({ name }) => name));
  return { ...backend, servers: [...backend.servers, ...more.filter(({ name }) => !known.has(name))] };
}

/** Those that nothing says of whether they run: the service's own count decides. */
function hiddenServers({ servers, stopped }: Backend, { tasks, unread }: Fleet): readonly Server[] {
  if (unread.length === 0) return [];
  const seen = new Set(tasks.map(({ id }) => id));
  const ids = new Set(unread.flatMap(({ task }) => (task && !task.stopping && !seen.has(task.id) ? task.id : [])));
  return servers.filter(({ name }) => ids.has(name) && !(name in stopped));
}

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

/**
 * Whom to ask for their own count, or, once they were asked, who contradicts ECS. One that ECS would not count is no contradiction:
 * it keeps what is published, and another run would find the same.
 */
export function settleDoubts(
  doubted: readonly string[],
  { fleet, published, witness }: Look,
): { readonly doubts: readonly string[]; readonly faults: readonly Fault[] } {
  const hiding = published.filter((each) => isService(each) && hiddenServers(each, fleet).length > 0).map(serviceKey);
  if (witness === undefined) return { doubts: [...new Set([...doubted, ...hiding])], faults: [] };
  const uncounted = [...witness].flatMap(([service, why]) => (typeof why === 'string' ? { service, why } : []));
  return {
    doubts: [...new Set(doubted)].filter((service) => !uncounted.some((each) => each.service === service)),
    faults: uncounted.map(({ service, why }) => ({
      service,
      message: `${service}: its running tasks cannot be counted: ${why}; its published servers stay until they can be`,
    })),
  };
}

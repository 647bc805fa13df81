import { faultOf, type Fault as Told } from '../faults/faults';
import { type Fleet, isService, serviceKey, type Unread } from '../fleet/fleet';
import type { Task } from '../fleet/task';
import type { Backend } from '../haproxy/backend';
import type { Fault } from './claims';
import type { ByService, Look } from './look';

export type Missing = {
  readonly kept: ReadonlySet<string>;
  /** Services to ask for their count, or whose count contradicts what ECS describes. */
  readonly doubts: readonly string[];
  readonly faults: readonly Fault[];
};

/**
 * Never wipe. `lost` tasks are published and not described, `hidden` ones are described unreadably; none has a stop order.
 *
 * | the service's own count                          | lost ones             | hidden ones |
 * | ------------------------------------------------ | --------------------- | ----------- |
 * | unknown, or more than the running and hidden ones | stay, if many or all  | stay        |
 * | more than the running ones                       | leave                 | stay        |
 * | the running ones                                 | leave                 | leave       |
 *
 * Many are more than half of a backend's servers. A service without any task is asked whether it exists.
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
  message: `${service}: its running tasks cannot be counted: ${why}; its servers that ECS does not describe stay until ECS counts them`,
});

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

export function unreadFaults({ unread }: Fleet, published: readonly Backend[]): readonly Told[] {
  const sentences = unread.slice(0, mostNamed).map(({ what, why, services, task }) => {
    const owner = published.find(({ servers }) => servers.some(({ name }) => name === task?.id));
    const known = services.length > 0 || owner === undefined ? services : [serviceKey(owner)];
    const message = `${known.length > 0 ? `${known.join(', ')}: ` : ''}${sentence({ what, why })}`;
    return faultOf(message, known.length === 1 ? known[0] : undefined);
  });
  const more = unread.length - mostNamed;
  return more > 0 ? [...sentences, faultOf(`${more} more cannot be read`)] : sentences;
}

/** The most that fit into one line of the log. */
const mostNamed = 20;

const sentence = ({ what, why }: Pick<Unread, 'what' | 'why'>): string =>
  `${what} cannot be read: ${why}; its published servers stay until a stop order, new ones wait`;

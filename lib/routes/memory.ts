import type { Task } from '../fleet/task';
import type { Backend } from '../haproxy/backend';
import type { Look } from './look';

/** How long a stop order is remembered: as long as ECS describes a stopped task at least (AWS: DescribeTasks). */
const rememberedSeconds = 3600;

/** A Spot instance ends two minutes after its warning (AWS: Spot interruption notices); one that stays was not meant. */
export const warnedSeconds = 600;

/** A backend that nobody wants any more stays, without routes, for as long as it knows of stop orders. */
export const remembers = ({ stopped }: Backend, now: number): boolean =>
  Object.values(stopped).some((since) => now - since < rememberedSeconds);

/**
 * Notes which of a service's tasks were told to stop, so that an older answer of ECS does not bring them back, and whose
 * host was warned.
 */
export function remember(backend: Backend, tasks: readonly Task[], { fleet, warned, now }: Look): Backend {
  const stopping = tasks.filter(({ state }) => state === 'stopping');
  const ordered = fleet.unread.flatMap(({ task }) => (task?.stopping ? task : []));
  const served = ordered.filter(({ id }) => backend.servers.some(({ name }) => name === id));
  const onWarned = tasks.filter(
    ({ state, instance = '' }) => state === 'running' && warned.has(fleet.hosts.get(instance)?.instanceId ?? ''),
  );
  return {
    ...backend,
    stopped: mergeRecent(backend.stopped, [...stopping, ...served], now, rememberedSeconds),
    warned: mergeRecent(backend.warned, onWarned, now, warnedSeconds),
  };
}

function mergeRecent(
  before: Readonly<Record<string, number>>,
  tasks: readonly Pick<Task, 'id'>[],
  now: number,
  forSeconds: number,
): Readonly<Record<string, number>> {
  const recent = Object.entries(before).filter(([, since]) => now - since < forSeconds);
  const fresh = tasks.map(({ id }) => [id, before[id] ?? now] as const);
  return Object.fromEntries([...recent, ...fresh].sort(([a], [b]) => (a < b ? -1 : 1)));
}

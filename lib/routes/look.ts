import { type Fleet, serviceKey, type Witness } from '../fleet/fleet';
import type { Task } from '../fleet/task';
import type { Backend } from '../haproxy/backend';

/** All input of a decision. `now` is in epoch seconds; `witness` is absent until a service has to be asked. */
export type Look = {
  readonly fleet: Fleet;
  readonly published: readonly Backend[];
  readonly witness?: Witness;
  /** Instances with a Spot warning. */
  readonly warned: ReadonlySet<string>;
  readonly now: number;
};

export type ByService<Of> = ReadonlyMap<string, readonly Of[]>;

export function byService<Of extends Pick<Task | Backend, 'cluster' | 'service'>>(all: readonly Of[]): ByService<Of> {
  const found = new Map<string, Of[]>();
  for (const each of all) {
    const own = found.get(serviceKey(each));
    if (own) own.push(each);
    else found.set(serviceKey(each), [each]);
  }
  return found;
}

/** Stop orders are remembered at least as long as ECS describes a stopped task (AWS: DescribeTasks). */
const rememberedSeconds = 3600;

/** A Spot instance ends two minutes after its warning (AWS: Spot interruption notices); one still there after ten was not interrupted. */
export const warnedSeconds = 600;

/** Such a backend stays without routes. */
export const remembers = ({ stopped }: Backend, now: number): boolean =>
  Object.values(stopped).some((since) => now - since < rememberedSeconds);

/** Adds stop orders, so that an older answer of ECS does not bring these tasks back, and warnings. */
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

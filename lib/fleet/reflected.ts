import type { Evidence } from './evidence';
import type { Fleet } from './fleet';
import type { Task } from './task';

/**
 * What finished runs have acted upon. A speed-up for bursts of events, of which ECS sends several a change: losing it costs
 * reads, never the result.
 */
export type Reflected = {
  readonly tasks: Map<string, { readonly version: number; readonly state: Task['state'] | 'unlisted' }>;
  /** Whether a host drains, by container instance ARN; absent before the first run has finished. */
  hosts?: ReadonlyMap<string, boolean>;
};

/** Tasks kept beside those of the last look: the last events of one that stopped come minutes later. */
const kept = 5_000;

/** Whether all that a batch says is known. Whatever follows a stop order, or happens on a host without tasks, changes nothing. */
export function isReflected(evidence: Evidence, { tasks, hosts }: Reflected): boolean {
  if (evidence.tick || evidence.unclear || hosts === undefined) return false;
  const knownTasks = evidence.tasks.every(({ id, version, state }) => {
    const known = tasks.get(id);
    const ended = known?.state === 'stopping' || (known?.state === 'unlisted' && state === 'stopping');
    return known !== undefined && (ended || version <= known.version);
  });
  return knownTasks && evidence.hosts.every(({ arn, draining }) => (hosts.get(arn) ?? draining) === draining);
}

/** Notes what a run that finished has seen: it has published, and nudged. */
export function noteReflected(fleet: Fleet, reflected: Reflected): void {
  // ECS lists no task that was told to stop, and one that nobody published is not described either.
  for (const [id, { version, state }] of reflected.tasks) {
    if (state === 'running') reflected.tasks.set(id, { version, state: 'unlisted' });
  }
  for (const { id, version, state } of fleet.tasks) {
    reflected.tasks.delete(id);
    reflected.tasks.set(id, { version, state });
  }
  for (const id of reflected.tasks.keys()) {
    if (reflected.tasks.size <= fleet.tasks.length + kept) break;
    reflected.tasks.delete(id);
  }
  reflected.hosts = new Map([...fleet.hosts].map(([arn, { draining }]) => [arn, draining]));
}

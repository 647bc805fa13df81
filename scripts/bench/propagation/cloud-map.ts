import type { World } from '../../local/world';

/** A task as Cloud Map lists it. */
export type Registered = { readonly id: string; readonly address: string; readonly port: number };

export type CloudMap = { readonly registered: (service: string) => readonly Registered[] };

/**
 * Plays Cloud Map for the services of the played ECS. ASSUMED: ECS registers a task at RUNNING, Cloud Map shows it once the container's
 * health check passes (Cloud Map: HealthCheckCustomConfig), ECS deregisters it with the stop order, and Route 53 shows each change at once.
 */
export function playCloudMap({ ecs, onMoment }: Pick<World, 'ecs' | 'onMoment'>): CloudMap {
  const healthy = new Set<string>();
  onMoment(({ kind, task = '' }) => {
    if (kind === 'task-healthy') healthy.add(task);
    if (kind === 'stop-ordered' || kind === 'task-died' || kind === 'task-stopped') healthy.delete(task);
  });
  return {
    registered: (service) =>
      ecs
        .tasks(service)
        .flatMap(({ id, address, port }) => (healthy.has(id) && port !== undefined ? [{ id, address, port }] : [])),
  };
}

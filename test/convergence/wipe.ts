import type { Backend } from '../../lib/haproxy/backend';
import type { Believed } from './belief';
import { broken } from './broken';
import type { Cluster } from './cluster';
import type { Run } from './function';
import { addressOf } from './proxy';

type Published = {
  readonly old: readonly Backend[];
  readonly next: readonly Backend[];
  readonly tasks: readonly Believed[];
  readonly run: Run;
  /** Tasks whose stop order is known. */
  readonly stopped: ReadonlySet<string>;
};

/** Law 3: servers that run do not vanish unless ECS said so, freshly, or the service's own count agrees. */
export function neverWipe(cluster: Cluster, { old, next, tasks, run, stopped }: Published): void {
  for (const { name, service, servers } of old.filter((backend) => backend.name === `demo.${backend.service}`)) {
    if (!cluster.services.has(service) || !alwaysServed(cluster, service)) continue;
    const kept = next.find((backend) => backend.name === name)?.servers ?? [];
    const lost = servers.filter(
      (server) => trulyRuns(cluster, server.name) && !kept.some((other) => other.name === server.name),
    );
    const displaced = lost.filter((server) =>
      tasks.some((task) => task.id !== server.name && cluster.addressOf(task) === addressOf(server)),
    );
    const found = tasks.filter((task) => task.service === service && task.running && !stopped.has(task.id)).length;
    const agreed = (run.counted.get(service) ?? Number.POSITIVE_INFINITY) <= found;
    const few = run.fresh ? 0 : servers.length / 2;
    const many = lost.length > few || (lost.length > 0 && kept.length === 0);
    if (many && displaced.length === 0 && !agreed) broken('running tasks were wiped', { name, lost, kept });
  }
}

/** Every revision of the service asked for its main route. */
function alwaysServed(cluster: Cluster, service: string): boolean {
  const used = [...cluster.definitions]
    .filter(([name]) => name.startsWith(`${service}:`))
    .map(([, variant]) => variant);
  return used.every((variant) => ['plain', 'moved', 'two', 'deaf'].includes(variant));
}

function trulyRuns(cluster: Cluster, id: string): boolean {
  const task = cluster.tasks.get(id);
  return (
    task?.lastStatus === 'RUNNING' &&
    task.desiredStatus === 'RUNNING' &&
    cluster.answersAt.has(id) &&
    !cluster.ailing.has(id)
  );
}

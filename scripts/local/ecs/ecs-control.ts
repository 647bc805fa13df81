import { setTimeout as sleep } from 'node:timers/promises';

import { fail } from '../api/errors';
import type { Ecs } from './ecs';
import { isSteady, type Service } from './services';
import type { Host, Task } from './task';

/** The cluster is the first by default. Names of services are unique across the played clusters. */
type ServiceInput = Pick<Service, 'name' | 'taskDefinition' | 'desiredCount'> & Partial<Service>;

/** Acts as a person at the console would. */
export function ecsControl(ecs: Ecs, [cluster = '']: readonly string[]) {
  const { registerTaskDefinition, killTask, warnHost, setHostStatus, loseHost, reusePorts } = ecs;
  const service = (name: string): Service => ecs.services.get(name) ?? fail(`there is no service ${name}`);
  // AWS: CreateService.
  const byDefault = { cluster, minimumHealthyPercent: 100, maximumPercent: 200 };
  return {
    ...{ registerTaskDefinition, killTask, warnHost, setHostStatus, loseHost, reusePorts },
    createService: (input: ServiceInput): void => ecs.putService({ ...byDefault, ...input }),
    updateService: (name: string, change: Partial<Omit<Service, 'name' | 'cluster'>>): void =>
      ecs.putService({ ...service(name), ...change }),
    tasks: (name?: string) => [...ecs.tasks.values()].filter((task) => !name || task.service === name).map(view),
    services: (): readonly Service[] => [...ecs.services.values()],
    hosts: (): readonly Host[] => [...ecs.hosts],
    addHost: (managed = false): string => ecs.addHost(cluster, managed),
    /** Waits until the wanted tasks run and are healthy, and no other is left. */
    steady: async (name: string, timeoutMs = 120_000): Promise<void> => {
      for (const end = performance.now() + timeoutMs; !isSteady(service(name), ecs.tasks.values()); await sleep(50)) {
        if (performance.now() > end) fail(`${name} is not steady after ${timeoutMs / 1000} s`);
      }
    },
  };
}

function view({ id, service, definition, desiredStatus, lastStatus, host, address, containers, startedAt }: Task) {
  const port = containers.find(({ hostPort }) => hostPort !== undefined)?.hostPort;
  const place = { address, host: host.ec2Id, ...(port && { port }) };
  const { revision } = definition;
  return { id, service, revision, desiredStatus, lastStatus, ...place, ...(startedAt && { startedAt }) };
}

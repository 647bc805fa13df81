import { setTimeout as sleep } from 'node:timers/promises';

import type { Ecs } from './ecs';
import { isSteady, type Service } from './services';
import type { Host, Task, TaskDefinitionInput } from './task';

type ServiceInput = {
  /** The first by default. Names of services are unique across the played clusters. */
  cluster?: string;

  name: string;
  taskDefinition: string;
  desiredCount: number;
  minimumHealthyPercent?: number;
  maximumPercent?: number;
};
export type TaskView = {
  readonly id: string;
  readonly service: string;
  readonly revision: number;
  readonly desiredStatus: string;
  readonly lastStatus: string;
  readonly address: string;
  readonly host: string;
  readonly port?: number;
  readonly startedAt?: number;
};

/** What a person at the console does. */
export type EcsControl = {
  registerTaskDefinition(input: TaskDefinitionInput): string;
  createService(service: ServiceInput): void;
  updateService(name: string, change: Partial<Omit<ServiceInput, 'name' | 'cluster'>>): void;
  /** SIGKILL, without a word: ECS learns of it afterwards. */
  killTask(id: string): void;
  tasks(service?: string): readonly TaskView[];
  hosts(): readonly Pick<Host, 'ec2Id' | 'address' | 'cluster' | 'status'>[];
  /** Another EC2 instance joins the first cluster, or the one that is named. */
  addHost(cluster?: string): string;
  /** Two minutes' notice; the agent drains its instance a second later. When it ends is the caller's to say. */
  warnHost(ec2Id: string): void;
  setHostStatus(ec2Id: string, status: Host['status']): void;
  /** The instance ends at once, with all its processes. ECS learns of it afterwards. */
  loseHost(ec2Id: string): void;
  /** On: a port that was freed goes to the next task on its host. */
  reusePorts(on: boolean): void;
  /** The wanted tasks run and are healthy, and no other is left. */
  steady(service: string, timeoutMs?: number): Promise<void>;
};

export function ecsControl(ecs: Ecs, [cluster = '']: readonly string[]): EcsControl {
  const service = (name: string): Service => ecs.services.get(name) ?? fail(`there is no service ${name}`);
  // AWS: CreateService.
  const byDefault = { cluster, minimumHealthyPercent: 100, maximumPercent: 200 };
  return {
    registerTaskDefinition: ecs.registerTaskDefinition,
    createService: (input) => ecs.putService({ ...byDefault, ...input }),
    updateService: (name, change) => ecs.putService({ ...service(name), ...change }),
    killTask: ecs.killTask,
    hosts: () => [...ecs.hosts],
    addHost: (where = cluster) => ecs.instances.add(where),
    warnHost: ecs.instances.warn,
    setHostStatus: ecs.instances.setStatus,
    loseHost: ecs.instances.lose,
    reusePorts: ecs.reusePorts,
    tasks: (name) => [...ecs.tasks.values()].filter((task) => !name || task.service === name).map(view),
    steady: async (name, timeoutMs = 120_000) => {
      for (const end = performance.now() + timeoutMs; !isSteady(service(name), ecs.tasks.values()); await sleep(50)) {
        if (performance.now() > end) fail(`${name} is not steady after ${timeoutMs / 1000} s`);
      }
    },
  };
}

const view = ({
  id,
  service,
  definition,
  desiredStatus,
  lastStatus,
  host,
  address,
  containers,
  startedAt,
}: Task): TaskView => {
  const port = containers.find(({ hostPort }) => hostPort !== undefined)?.hostPort;
  const { revision } = definition;
  const place = { address, host: host.ec2Id, ...(port && { port }) };
  return { id, service, revision, desiredStatus, lastStatus, ...place, ...(startedAt && { startedAt }) };
};

const fail = (message: string): never => {
  throw new Error(message);
};

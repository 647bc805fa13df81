import { platform } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Ecs } from './ecs';
import { isSteady, type Service } from './services';
import { arn, type Host, type Task, type TaskDefinitionInput } from './task';

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
  readonly port?: number;
  readonly startedAt?: number;
};

/** What a person at the console does. */
export type EcsControl = {
  registerTaskDefinition(input: TaskDefinitionInput): string;
  createService(service: ServiceInput): void;
  updateService(name: string, change: { desiredCount?: number; taskDefinition?: string }): void;
  /** SIGKILL, without a word: ECS learns of it afterwards. */
  killTask(id: string): void;
  tasks(service?: string): readonly TaskView[];
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
    tasks: (name) => [...ecs.tasks.values()].filter((task) => !name || task.service === name).map(view),
    steady: async (name, timeoutMs = 120_000) => {
      for (const end = Date.now() + timeoutMs; !isSteady(service(name), ecs.tasks.values()); await sleep(50)) {
        if (Date.now() > end) fail(`${name} is not steady after ${timeoutMs / 1000} s`);
      }
    },
  };
}

const view = ({ id, service, definition, desiredStatus, lastStatus, host, containers, startedAt }: Task): TaskView => {
  const port = containers.find(({ hostPort }) => hostPort !== undefined)?.hostPort;
  const { revision } = definition;
  const place = { address: host.address, ...(port && { port }) };
  return { id, service, revision, desiredStatus, lastStatus, ...place, ...(startedAt && { startedAt }) };
};

let made = 0;

/** Two hosts a cluster. On Linux all of 127.0.0.0/8 is loopback, so each has an address that no other world uses. */
export const hostsOf = (clusters: readonly string[]): readonly Host[] =>
  clusters.flatMap((cluster) =>
    [1, 2].map(() => {
      made += 1;
      const ec2Id = `i-${made.toString(16).padStart(17, '0')}`;
      const own = `127.${10 + (process.pid % 240)}.${(process.pid >> 8) % 250}.${made % 250}`;
      const address = platform() === 'linux' ? own : '127.0.0.1';
      return { ec2Id, cluster, arn: arn('container-instance', `${cluster}/${ec2Id.slice(2)}`), address };
    }),
  );

const fail = (message: string): never => {
  throw new Error(message);
};

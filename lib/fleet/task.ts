import { z } from 'zod';

import { readFields } from './fields';
import { type Binding, networkBinding, tcpBindings } from './ports';

/** A task as ECS tells it, by `DescribeTasks` or in an event: the plain struct between AWS and the rest. */
export type Task = {
  readonly id: string;
  /** Cluster name. */
  readonly cluster: string;
  /** The service's name; for a task that no service started its family behind a dot, which no name of ECS can hold. */
  readonly service: string;
  /** Grows with every change of the task (AWS: ECS events, `detail.version`). */
  readonly version: number;
  readonly definition: string;
  /** Of the task definition. */
  readonly family: string;
  /** The container instance it runs on; absent on Fargate. */
  readonly instance?: string;
  readonly createdAt: number;
  readonly state: 'starting' | 'running' | 'stopping';
  readonly unhealthy: boolean;
  /** On a machine outside AWS (ECS Anywhere), where the proxy cannot reach it. */
  readonly external: boolean;
  readonly containers: readonly Container[];
};

type Container = {
  readonly name: string;
  readonly running: boolean;
  /** Bridge mode: what Docker bound on the host for TCP. */
  readonly bindings: readonly Binding[];
  /** `awsvpc` mode: the task's own address. */
  readonly address?: string;
  /** `awsvpc` mode: its only address is an IPv6 one. */
  readonly ipv6Only?: true;
};
const record = z.object({
  taskArn: z.string().regex(/^arn:[^:]+:ecs:[^:]*:[^:]*:task\/[A-Za-z0-9_-]+\/[A-Za-z0-9-]+$/, 'the ARN of a task'),
  taskDefinitionArn: z.string().regex(/^[\x21-\x7e]+$/, 'an ARN'),
  containerInstanceArn: z.string().optional(),
  // It becomes the name of a backend (AWS: CreateService, serviceName).
  group: z
    .string()
    .regex(/^(?!service:)|^service:[A-Za-z0-9_-]+$/, 'the group of a service')
    .optional(),
  startedBy: z.string().optional(),
  version: z.number(),
  createdAt: z
    .union([z.string(), z.date()], 'a time')
    .refine((time) => !Number.isNaN(new Date(time).getTime()), 'a time')
    .optional(),
  desiredStatus: z.string(),
  lastStatus: z.string(),
  healthStatus: z.string().optional(),
  launchType: z.string().optional(),
  containers: z
    .array(
      z.object({
        name: z.string().min(1, 'a name'),
        lastStatus: z.string().optional(),
        networkInterfaces: z
          .array(
            z.object({ privateIpv4Address: z.ipv4('an IPv4 address').optional(), ipv6Address: z.string().optional() }),
          )
          .optional(),
        networkBindings: z.array(networkBinding).optional(),
      }),
    )
    .default([]),
});

type Raw = z.infer<typeof record>;

/**
 * Reads what the API and the events share; their other fields and formats differ.
 *
 * @throws Unreadable, which names the fields that are missing or wrong.
 */
export function parseTask(input: unknown): Task {
  const task = readFields(record, input);
  const [, cluster = '', id = ''] = task.taskArn.split('/');
  const [, family = ''] = /([A-Za-z0-9_-]+):\d+$/.exec(task.taskDefinitionArn) ?? [];
  return {
    id,
    cluster,
    service: serviceOf(task) ?? `.${family}`,
    version: task.version,
    definition: task.taskDefinitionArn,
    family,
    ...(task.containerInstanceArn === undefined ? {} : { instance: task.containerInstanceArn }),
    createdAt: new Date(task.createdAt ?? 0).getTime(),
    state: stateOf(task),
    unhealthy: task.healthStatus === 'UNHEALTHY',
    external: task.launchType === 'EXTERNAL',
    containers: task.containers.map(parseContainer),
  };
}

/**
 * AWS refuses a caller the group `service:…` ("Invalid namespace for group"), but no document says so; `startedBy` is the
 * caller's free text. Both together are what only ECS writes.
 */
const serviceOf = ({ group = '', startedBy = '' }: Raw): string | undefined =>
  startedBy.startsWith('ecs-svc/') ? /^service:(.+)$/.exec(group)?.[1] : undefined;

function parseContainer({
  name,
  lastStatus,
  networkBindings = [],
  networkInterfaces = [],
}: Raw['containers'][number]): Container {
  const [address] = networkInterfaces.flatMap(({ privateIpv4Address }) => privateIpv4Address ?? []);
  const ipv6Only = address === undefined && networkInterfaces.some(({ ipv6Address }) => ipv6Address !== undefined);
  return {
    name,
    running: lastStatus === 'RUNNING',
    bindings: tcpBindings(networkBindings),
    ...(address === undefined ? {} : { address }),
    ...(ipv6Only ? { ipv6Only } : {}),
  };
}

/** The stop order, not the stop, is what ends a task's service: `STOPPED` comes after its containers are gone. */
const stateOf = ({ desiredStatus, lastStatus }: Raw): Task['state'] => {
  if (desiredStatus === 'STOPPED' || /^(DEACTIVATING|STOPPING|DEPROVISIONING|STOPPED|DELETED)$/.test(lastStatus)) {
    return 'stopping';
  }
  return lastStatus === 'RUNNING' ? 'running' : 'starting';
};

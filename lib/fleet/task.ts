import { z } from 'zod';

/** A task as ECS tells it, by `DescribeTasks` or in an event: the plain struct between AWS and the rest. */
export type Task = {
  readonly id: string;
  /** Cluster name. */
  readonly cluster: string;
  /** Absent for a task that no service started. */
  readonly service?: string;
  /** Grows with every change of the task (AWS: ECS events, `detail.version`). */
  readonly version: number;
  readonly definition: string;
  /** The container instance it runs on; absent on Fargate. */
  readonly instance?: string;
  readonly createdAt: number;
  readonly state: 'starting' | 'running' | 'stopping';
  readonly unhealthy: boolean;
  readonly containers: readonly Container[];
};

export type Container = { readonly name: string; readonly running: boolean; readonly bindings: readonly Binding[] };
export type Binding = { readonly containerPort: number; readonly hostPort: number };

const record = z.object({
  taskArn: z.string().regex(/^arn:[^:]+:ecs:[^:]*:[^:]*:task\/[^/]+\/[A-Za-z0-9-]+$/),
  taskDefinitionArn: z.string(),
  containerInstanceArn: z.string().optional(),
  group: z.string().optional(),
  version: z.number(),
  createdAt: z.union([z.string(), z.date()]).optional(),
  desiredStatus: z.string(),
  lastStatus: z.string(),
  healthStatus: z.string().optional(),
  containers: z
    .array(
      z.object({
        name: z.string(),
        lastStatus: z.string().optional(),
        networkBindings: z
          .array(z.object({ containerPort: z.number().optional(), hostPort: z.number().optional() }))
          .optional(),
      }),
    )
    .default([]),
});

/**
 * Reads what the API and the events share; their other fields and formats differ.
 *
 * @throws ZodError, which names each field that is missing or wrong.
 */
export function parseTask(input: unknown): Task {
  const task = record.parse(input);
  const [, cluster = '', id = ''] = task.taskArn.split('/');
  const service = /^service:(.+)$/.exec(task.group ?? '')?.[1];
  return {
    id,
    cluster,
    ...(service === undefined ? {} : { service }),
    version: task.version,
    definition: task.taskDefinitionArn,
    ...(task.containerInstanceArn === undefined ? {} : { instance: task.containerInstanceArn }),
    createdAt: new Date(task.createdAt ?? 0).getTime(),
    state: stateOf(task),
    unhealthy: task.healthStatus === 'UNHEALTHY',
    containers: task.containers.map((container) => ({
      name: container.name,
      running: container.lastStatus === 'RUNNING',
      bindings: bindings(container.networkBindings ?? []),
    })),
  };
}

/** The stop order, not the stop, is what ends a task's service: `STOPPED` comes after its containers are gone. */
const stateOf = ({ desiredStatus, lastStatus }: z.infer<typeof record>): Task['state'] => {
  if (desiredStatus === 'STOPPED' || /^(DEACTIVATING|STOPPING|DEPROVISIONING|STOPPED|DELETED)$/.test(lastStatus)) {
    return 'stopping';
  }
  return lastStatus === 'RUNNING' ? 'running' : 'starting';
};

/** Docker reports a port once for IPv4 and once for IPv6; port ranges carry no single port. */
const bindings = (raw: readonly { containerPort?: number | undefined; hostPort?: number | undefined }[]): Binding[] => {
  const byPort = new Map<string, Binding>();
  for (const { containerPort, hostPort } of raw) {
    if (containerPort && hostPort) byPort.set(`${containerPort}:${hostPort}`, { containerPort, hostPort });
  }
  return [...byPort.values()];
};

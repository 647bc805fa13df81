import { randomBytes, randomUUID } from 'node:crypto';

import type { Process } from './processes';
import { account, region } from './template';

/** `command` is the argv of a real process; it finds its address and port in HOST and PORT. */
export type ContainerInput = {
  name: string;
  command: string[];
  containerPort?: number;
  labels?: Record<string, string>;
  healthCheck?: boolean;
  dependsOn?: string[];
  stopTimeoutSeconds?: number;
  environment?: Record<string, string>;
};
export type TaskDefinitionInput = { family: string; containers: ContainerInput[] };
export type TaskDefinition = TaskDefinitionInput & { readonly arn: string; readonly revision: number };

/** A container instance of a cluster, and the EC2 instance that it is. */
export type Host = {
  readonly arn: string;
  readonly ec2Id: string;
  readonly address: string;
  readonly cluster: string;
  status: 'ACTIVE' | 'DRAINING';
  version: number;
  /** The machine is no more; ECS notices later. */
  lost: boolean;
};

export type Container = {
  readonly definition: ContainerInput;
  readonly id: string;
  hostPort?: number;
  process?: Process;
  exitCode?: number;
};

export type Task = {
  readonly id: string;
  readonly cluster: string;
  readonly service: string;
  readonly definition: TaskDefinition;
  readonly host: Host;
  readonly containers: readonly Container[];
  desiredStatus: 'RUNNING' | 'STOPPED';
  lastStatus: 'PENDING' | 'RUNNING' | 'STOPPED';
  healthStatus: 'UNKNOWN' | 'HEALTHY' | 'UNHEALTHY';
  version: number;
  readonly createdAt: number;
  startedAt?: number;
  stoppingAt?: number;
  stoppedAt?: number;
  stopCode?: string;
  stoppedReason?: string;
};

export const arn = (kind: string, path: string): string => `arn:aws:ecs:${region}:${account}:${kind}/${path}`;
export const taskArn = ({ cluster, id }: Task): string => arn('task', `${cluster}/${id}`);
export const isHealthChecked = ({ definition }: Task): boolean =>
  definition.containers.some((each) => each.healthCheck);

export const newTask = (service: string, definition: TaskDefinition, host: Host): Task => ({
  id: randomBytes(16).toString('hex'),
  cluster: host.cluster,
  service,
  definition,
  host,
  containers: definition.containers.map((each) => ({ definition: each, id: randomUUID() })),
  desiredStatus: 'RUNNING',
  lastStatus: 'PENDING',
  healthStatus: 'UNKNOWN',
  version: 0,
  createdAt: Date.now(),
});

/** As DescribeTasks answers: times in epoch seconds, and health (AWS: DescribeTasks). */
export const apiTask = (task: Task) => ({
  ...shape(task, (ms) => ms / 1000),
  healthStatus: task.healthStatus,
  tags: [],
});

/** As the event says it: times as text, without health (AWS: ECS task state change events). */
export const eventTask = (task: Task) => shape(task, (ms) => new Date(ms).toISOString());

function shape(task: Task, time: (ms: number) => unknown) {
  const at = (ms: number | undefined) => (ms === undefined ? undefined : time(ms));
  return {
    attachments: [],
    attributes: [{ name: 'ecs.cpu-architecture', value: 'arm64' }],
    availabilityZone: `${region}a`,
    clusterArn: arn('cluster', task.cluster),
    connectivity: 'CONNECTED',
    connectivityAt: time(task.createdAt),
    containerInstanceArn: task.host.arn,
    containers: task.containers.map((container) => containerShape(task, container)),
    cpu: '64',
    createdAt: time(task.createdAt),
    desiredStatus: task.desiredStatus,
    enableExecuteCommand: false,
    group: `service:${task.service}`,
    lastStatus: task.lastStatus,
    launchType: 'EC2',
    memory: '64',
    overrides: { containerOverrides: task.containers.map(({ definition }) => ({ name: definition.name })) },
    startedAt: at(task.startedAt),
    startedBy: `ecs-svc/${task.service}`,
    stopCode: task.stopCode,
    stoppedReason: task.stoppedReason,
    stoppingAt: at(task.stoppingAt),
    stoppedAt: at(task.stoppedAt),
    taskArn: taskArn(task),
    taskDefinitionArn: task.definition.arn,
    updatedAt: time(Date.now()),
    version: task.version,
  };
}

/** Docker reports the binding of IPv6 beside that of IPv4, and the agent sends both (amazon-ecs-agent, statechange.go). */
function containerShape(task: Task, { id, definition, hostPort, exitCode }: Container) {
  const binding = { containerPort: definition.containerPort, hostPort, protocol: 'tcp' };
  return {
    containerArn: arn('container', `${task.cluster}/${task.id}/${id}`),
    cpu: '64',
    exitCode,
    image: `${task.definition.family}:${task.definition.revision}`,
    lastStatus: exitCode === undefined ? task.lastStatus : 'STOPPED',
    memory: '64',
    name: definition.name,
    networkBindings: hostPort === undefined ? [] : ['0.0.0.0', '::'].map((bindIP) => ({ bindIP, ...binding })),
    networkInterfaces: [],
    runtimeId: id,
    taskArn: taskArn(task),
  };
}

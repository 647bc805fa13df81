import { randomBytes } from 'node:crypto';

import { ownAddress } from '../../real/loopback';
import type { Process } from '../../real/processes';
import { account, region } from '../package/template';

/** `command` is the argv of a real process; it finds its address and port in HOST and PORT. */
type ContainerInput = {
  name: string;
  command: string[];
  containerPort?: number;
  labels?: Record<string, string>;
  healthCheck?: boolean;
  dependsOn?: string[];
  stopTimeoutSeconds?: number;
  environment?: Record<string, string>;
};
export type TaskDefinitionInput = {
  family: string;
  containers: ContainerInput[];
  /** On Fargate it is `awsvpc`, as AWS asks for. */
  networkMode?: 'bridge' | 'host' | 'awsvpc';
  launchType?: 'EC2' | 'FARGATE';
};
export type TaskDefinition = TaskDefinitionInput & { readonly arn: string; readonly revision: number };

/** A container instance of a cluster, and the EC2 instance that it is. */
export type Host = {
  readonly arn: string;
  readonly ec2Id: string;
  readonly address: string;
  readonly cluster: string;
  status: 'ACTIVE' | 'DRAINING';
  version: number;
  /** The machine has ended; ECS notices later. */
  lost: boolean;
  /** Belongs to ECS Managed Instances. */
  readonly managed: boolean;
};

export type Container = {
  readonly definition: ContainerInput;
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
  /** The task's own address in `awsvpc` mode, else its host's. */
  readonly address: string;
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

export const isBridged = ({
  networkMode = 'bridge',
}: {
  networkMode?: TaskDefinitionInput['networkMode'] | undefined;
}): boolean => networkMode === 'bridge';

export const newTask = (service: string, definition: TaskDefinition, host: Host): Task => ({
  id: randomBytes(16).toString('hex'),
  cluster: host.cluster,
  service,
  definition,
  // A task on Fargate has a machine to itself, which is no container instance.
  host: definition.launchType === 'FARGATE' ? { ...host, status: 'ACTIVE', lost: false } : host,
  address: definition.networkMode === 'awsvpc' ? ownAddress() : host.address,
  containers: definition.containers.map((each) => ({ definition: each })),
  desiredStatus: 'RUNNING',
  lastStatus: 'PENDING',
  healthStatus: 'UNKNOWN',
  version: 0,
  createdAt: Date.now(),
});

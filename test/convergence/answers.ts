import { ClusterNotFoundException } from '@aws-sdk/client-ecs';

import type { Cluster, Instance, Task } from './cluster';
import { containerPort, describedDefinition } from './definitions';

/** How old the answers of one run are, in milliseconds; each call may be answered by another copy. */
export type Ages = { readonly list: number; readonly describe: number; readonly count: number };
export const fresh: Ages = { list: 0, describe: 0, count: 0 };

const arn = 'arn:aws:ecs:eu-west-2:123456789012';

/** A task as in DescribeTasks and in events; only the form of times differs. */
const described = (task: Task) => ({
  attachments: [],
  clusterArn: `${arn}:cluster/demo`,
  containerInstanceArn: `${arn}:container-instance/demo/${task.instance}`,
  containers: [
    {
      name: 'web',
      lastStatus: task.lastStatus,
      networkBindings:
        task.lastStatus === 'PENDING'
          ? []
          : ['0.0.0.0', '::'].map((bindIP) => ({
              bindIP,
              containerPort,
              hostPort: task.hostPort,
              protocol: 'tcp' as const,
            })),
    },
  ],
  createdAt: new Date(task.createdAt),
  desiredStatus: task.desiredStatus,
  group: `service:${task.service}`,
  healthStatus: task.healthStatus,
  lastStatus: task.lastStatus,
  launchType: 'EC2' as const,
  startedBy: 'ecs-svc/1234567890123456789',
  taskArn: `${arn}:task/demo/${task.id}`,
  taskDefinitionArn: `${arn}:task-definition/${task.service}:${task.revision}`,
  version: task.version,
});

/** An event as EventBridge puts it into the queue. */
export const taskEvent = (task: Task, at: number): string =>
  JSON.stringify({
    version: '0',
    id: `event-${task.id}-${task.version}`,
    'detail-type': 'ECS Task State Change',
    source: 'aws.ecs',
    account: '123456789012',
    time: new Date(at).toISOString().replace(/\.\d+Z$/, 'Z'),
    region: 'eu-west-2',
    resources: [`${arn}:task/demo/${task.id}`],
    detail: described(task),
  });

export const spotWarning = (instance: Instance, at: number): string =>
  JSON.stringify({
    version: '0',
    id: `warning-${instance.id}`,
    'detail-type': 'EC2 Spot Instance Interruption Warning',
    source: 'aws.ec2',
    time: new Date(at).toISOString().replace(/\.\d+Z$/, 'Z'),
    detail: { 'instance-id': `i-${instance.id}`, 'instance-action': 'terminate' },
  });

type Input = {
  readonly cluster?: string;
  readonly nextToken?: string;
  readonly tasks?: readonly string[];
  readonly services?: readonly string[];
  readonly taskDefinition?: string;
  readonly containerInstances?: readonly string[];
  readonly Filters?: readonly { readonly Values: readonly string[] }[];
};

const name = (of: string): string => of.split('/').at(-1) ?? of;

type Asked = {
  readonly cluster: Cluster;
  readonly ages: Ages;
  readonly ordered: <Item>(items: readonly Item[]) => Item[];
};

const missing = (names: readonly string[]) => names.map((name) => ({ arn: name, reason: 'MISSING' }));

const answers: Readonly<Record<string, (input: Input, asked: Asked) => object>> = {
  ListTasks: ({ nextToken }, { cluster, ages, ordered }) => {
    const all = [...cluster.asOf(ages.list).tasks.values()].filter(({ desiredStatus }) => desiredStatus === 'RUNNING');
    const [from, to] = nextToken === undefined ? [0, 3] : [3, all.length];
    const taskArns = ordered(all.slice(from, to)).map(({ id }) => `${arn}:task/demo/${id}`);
    return { taskArns, ...(to < all.length && { nextToken: 'more' }) };
  },
  DescribeTasks: (input, { cluster, ages, ordered }) => {
    const { tasks } = cluster.asOf(ages.describe);
    const ids = ordered(input.tasks ?? []).map(name);
    return {
      tasks: ids.flatMap((id) => tasks.get(id) ?? []).map(described),
      failures: missing(ids.filter((id) => !tasks.has(id))),
    };
  },
  DescribeServices: (input, { cluster, ages, ordered }) => {
    const { services, tasks } = cluster.asOf(ages.count);
    const asked = ordered(input.services ?? []);
    const count = (service: string) =>
      [...tasks.values()].filter((task) => task.service === service && task.lastStatus === 'RUNNING').length;
    const found = asked.filter((service) => services.has(service));
    return {
      services: found.map((serviceName) => ({ serviceName, status: 'ACTIVE', runningCount: count(serviceName) })),
      failures: missing(asked.filter((each) => !services.has(each))),
    };
  },
  DescribeTaskDefinition: ({ taskDefinition = '' }, { cluster }) => {
    const [family = '', revision = ''] = name(taskDefinition).split(':');
    const variant = cluster.definitions.get(`${family}:${revision}`) ?? 'removed';
    return { taskDefinition: describedDefinition(family, Number(revision), variant) };
  },
  DescribeContainerInstances: ({ containerInstances = [] }, { cluster, ages }) => {
    const { instances } = cluster.asOf(ages.describe);
    const found = containerInstances.flatMap((each) => instances.get(name(each)) ?? []);
    return {
      failures: [],
      containerInstances: found.map(({ id, status }) => ({
        containerInstanceArn: `${arn}:container-instance/demo/${id}`,
        ec2InstanceId: `i-${id}`,
        status,
      })),
    };
  },
  DescribeInstances: ({ Filters }, { cluster }) => {
    const alive = (Filters?.[0]?.Values ?? []).filter((id) => !cluster.lost.has(id.slice(2)));
    const Instances = alive.map((id) => ({ InstanceId: id, PrivateIpAddress: cluster.addresses.get(id.slice(2)) }));
    return { Reservations: [{ Instances }] };
  },
};

/** What ECS and EC2 answer. @param turned lists everything the other way round */
export function answer(cluster: Cluster, action: string, input: Input, ages: Ages, turned: boolean): object {
  const ordered = <Item>(items: readonly Item[]): Item[] => (turned ? [...items].reverse() : [...items]);
  if (input.cluster !== undefined && input.cluster !== 'demo')
    throw new ClusterNotFoundException({ message: 'Cluster not found.', $metadata: {} });
  const found = answers[action];
  if (found === undefined) throw new Error(`the model does not know ${action}`);
  return found(input, { cluster, ages, ordered });
}

import { ClusterNotFoundException } from '@aws-sdk/client-ecs';

import type { Cluster, Instance, Task } from './cluster';
import { containerPort, describedDefinition } from './definitions';

/** How old the answers of one run are, in milliseconds; each call may be answered by another copy. */
export type Ages = { readonly list: number; readonly describe: number; readonly count: number };
export const fresh: Ages = { list: 0, describe: 0, count: 0 };

const arn = 'arn:aws:ecs:eu-west-2:123456789012';

/** A task as in DescribeTasks and in events; only the form of times differs. */
const described = ({ instance, lastStatus, hostPort, createdAt, service, id, revision, ...task }: Task) => {
  const bound = (bindIP: string) => ({ bindIP, containerPort, hostPort, protocol: 'tcp' as const });
  const networkBindings = lastStatus === 'PENDING' ? [] : ['0.0.0.0', '::'].map(bound);
  return {
    clusterArn: `${arn}:cluster/demo`,
    containerInstanceArn: `${arn}:container-instance/demo/${instance}`,
    containers: [{ name: 'web', lastStatus, networkBindings }],
    createdAt: new Date(createdAt),
    group: `service:${service}`,
    ...{ ...task, lastStatus, launchType: 'EC2' as const, startedBy: 'ecs-svc/1234567890123456789' },
    taskArn: `${arn}:task/demo/${id}`,
    taskDefinitionArn: `${arn}:task-definition/${service}:${revision}`,
  };
};

/** An event as EventBridge puts it into the queue: its time is in whole seconds. */
const event = (id: string, type: string, source: string, at: number, detail: object): string => {
  const time = new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
  return JSON.stringify({ version: '0', id, 'detail-type': type, source, time, detail });
};

export const taskEvent = (task: Task, at: number): string =>
  event(`event-${task.id}-${task.version}`, 'ECS Task State Change', 'aws.ecs', at, described(task));

export const spotWarning = ({ id }: Instance, at: number): string => {
  const detail = { 'instance-id': `i-${id}`, 'instance-action': 'terminate' };
  return event(`warning-${id}`, 'EC2 Spot Instance Interruption Warning', 'aws.ec2', at, detail);
};

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
    const found = ids.flatMap((id) => tasks.get(id) ?? []);
    return { tasks: found.map(described), failures: missing(ids.filter((id) => !tasks.has(id))) };
  },
  DescribeServices: (input, { cluster, ages, ordered }) => {
    const { services, tasks } = cluster.asOf(ages.count);
    const asked = ordered(input.services ?? []);
    const count = (service: string) =>
      [...tasks.values()].filter((task) => task.service === service && task.lastStatus === 'RUNNING').length;
    const found = asked.filter((service) => services.has(service));
    return {
      services: found.map((serviceName) => {
        const [runningCount, desiredCount] = [count(serviceName), services.get(serviceName)?.desired ?? 0];
        return { serviceName, status: 'ACTIVE', runningCount, desiredCount };
      }),
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
    const shown = found.map(({ id, status }) => {
      return { containerInstanceArn: `${arn}:container-instance/demo/${id}`, ec2InstanceId: `i-${id}`, status };
    });
    return { failures: [], containerInstances: shown };
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

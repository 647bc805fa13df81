import { refuse } from '../api/errors';
import type { Ecs } from './ecs';
import { apiTask, definitionShape, hostShape, serviceShape } from './shapes';
import { type Task, taskArn } from './task';

type State = Pick<Ecs, 'tasks' | 'services' | 'definitions' | 'hosts' | 'clusters'>;
type InCluster = { cluster?: string };
type ListTasks = InCluster & { desiredStatus?: string; serviceName?: string; maxResults?: number; nextToken?: string };
type Filters = { Filter?: { Name: string; Value: string[] }[]; IncludeManagedResources?: string };

/** Answers the calls that read from ECS, and EC2's DescribeInstances. */
export const ecsHandlers = (state: State) => ({
  'ecs:ListTasks': (input: ListTasks) => listTasks(state, input),
  'ecs:DescribeTasks': (input: InCluster & { tasks: string[] }) => {
    const cluster = known(state, input);
    const inCluster = (task: Task | undefined) => (task?.cluster === cluster ? task : undefined);
    const { found, failures } = select(input.tasks, 100, (id) => inCluster(state.tasks.get(id)));
    return { tasks: found.map(apiTask), failures };
  },
  'ecs:DescribeTaskDefinition': ({ taskDefinition }: { taskDefinition: string }) => {
    const found = [...state.definitions.values()].filter(({ arn, family }) =>
      [arn, last(arn), family].includes(taskDefinition),
    );
    const newest = found.at(-1) ?? refuse('ClientException', 'Unable to describe task definition.');
    return { taskDefinition: definitionShape(newest) };
  },
  'ecs:DescribeContainerInstances': (input: InCluster & { containerInstances: string[] }) => {
    const own = state.hosts.filter(({ cluster }) => cluster === known(state, input));
    const byId = (id: string) => own.find((host) => last(host.arn) === id);
    const { found, failures } = select(input.containerInstances, 100, byId);
    return { containerInstances: found.map(hostShape), failures };
  },
  'ecs:DescribeServices': (input: InCluster & { services: string[] }) => {
    known(state, input);
    const { found, failures } = select(input.services, 10, (name) => state.services.get(name));
    return { services: found.map((service) => serviceShape(service, [...state.tasks.values()])), failures };
  },
  'ec2:DescribeInstances': (input: Filters) => describeInstances(state, input),
});

/** Names and ARNs may stand for each other in every request. */
const last = (nameOrArn: string): string => nameOrArn.replace(/^.*\//, '');

const known = ({ clusters }: State, { cluster = 'default' }: InCluster): string =>
  clusters.has(last(cluster)) ? last(cluster) : refuse('ClusterNotFoundException', 'Cluster not found.');

/** Finds each name or ARN, at most so many at a time. A missing one is no error. */
function select<Found>(names: readonly string[] = [], limit: number, find: (name: string) => Found | undefined) {
  if (names.length === 0 || names.length > limit)
    refuse('InvalidParameterException', `1 to ${limit} elements are allowed.`);
  const missing = names.filter((name) => find(last(name)) === undefined);
  return {
    found: names.flatMap((name) => find(last(name)) ?? []),
    failures: missing.map((arn) => ({ arn, reason: 'MISSING' })),
  };
}

/** 1 to 100 a page; RUNNING is the default, so what was told to stop is not listed (AWS: ListTasks). */
function listTasks(state: State, input: ListTasks) {
  const { desiredStatus = 'RUNNING', maxResults = 100, nextToken = '', serviceName } = input;
  if (!(maxResults >= 1 && maxResults <= 100)) refuse('InvalidParameterException', 'maxResults must be from 1 to 100.');
  const cluster = known(state, input);
  const isWanted = (task: Task) =>
    task.cluster === cluster &&
    task.desiredStatus === desiredStatus &&
    (!serviceName || task.service === last(serviceName));
  // The token is where the next page begins, so that tasks which come and go shift nothing.
  const arns = [...state.tasks.values()].filter(isWanted).map(taskArn).sort();
  const rest = arns.filter((each) => each > nextToken);
  const page = rest.slice(0, maxResults);
  return { taskArns: page, ...(rest.length > page.length && { nextToken: page.at(-1) }) };
}

/**
 * By filter: an id that is gone is no error then (AWS: DescribeInstances). What AWS manages is shown to whoever asks for it
 * (AWS: DescribeInstances, IncludeManagedResources; ManagedResourceVisibilitySettings). ASSUMED: hidden by default.
 */
function describeInstances({ hosts }: State, { Filter = [], IncludeManagedResources = 'false' }: Filters) {
  const ids = Filter.find(({ Name }) => Name === 'instance-id')?.Value;
  if (!ids || Filter.length > 1)
    return refuse('InvalidParameterValue', 'the local world plays the filter instance-id only');
  const isShown = (isManaged: boolean) => !isManaged || IncludeManagedResources === 'true';
  const found = hosts.filter(({ ec2Id, managed }) => ids.includes(ec2Id) && isShown(managed));
  const instanceState = { code: 16, name: 'running' };
  const instance = ({ ec2Id: instanceId, address: privateIpAddress }: (typeof hosts)[number]) => ({
    instancesSet: [{ instanceId, privateIpAddress, instanceState }],
  });
  return { reservationSet: found.map(instance) };
}

import { AwsError } from '../api/errors';
import type { Ecs } from './ecs';
import { hostShape } from './hosts';
import type { Service } from './services';
import { arn, isBridged, type Task, type TaskDefinition, taskArn } from './task';
import { apiTask } from './task-shapes';

type ListTasks = {
  cluster?: string;
  desiredStatus?: string;
  serviceName?: string;
  maxResults?: number;
  nextToken?: string;
};
type Filters = { Filter?: { Name: string; Value: string[] }[]; IncludeManagedResources?: string };

/** Names and ARNs may stand for each other in every request. */
const last = (nameOrArn: string | undefined): string => (nameOrArn ?? 'default').replace(/^.*\//, '');
const fail = (code: string, message: string): never => {
  throw new AwsError(code, message);
};
/** What was asked for by name or ARN, and what is missing: that is no error. At most so many at a time. */
function select<Found>(names: readonly string[] = [], limit: number, find: (name: string) => Found | undefined) {
  if (names.length === 0 || names.length > limit)
    fail('InvalidParameterException', `1 to ${limit} elements are allowed.`);
  const missing = names.filter((name) => find(last(name)) === undefined);
  return {
    found: names.flatMap((name) => find(last(name)) ?? []),
    failures: missing.map((arn) => ({ arn, reason: 'MISSING' })),
  };
}

/** The reading half of ECS's API, and the addresses that EC2 knows. */
export function ecsHandlers({ tasks, services, definitions, hosts, clusters }: Ecs) {
  const known = (cluster: string | undefined): string =>
    clusters.has(last(cluster)) ? last(cluster) : fail('ClusterNotFoundException', 'Cluster not found.');

  return {
    // 1 to 100 a page; RUNNING is the default, so what was told to stop is not listed (AWS: ListTasks).
    'ecs:ListTasks': (input: ListTasks) => {
      const { desiredStatus = 'RUNNING', maxResults = 100, nextToken } = input;
      if (!(maxResults >= 1 && maxResults <= 100))
        fail('InvalidParameterException', 'maxResults must be from 1 to 100.');
      const cluster = known(input.cluster);
      const wanted = (task: Task) =>
        task.cluster === cluster &&
        task.desiredStatus === desiredStatus &&
        (!input.serviceName || task.service === last(input.serviceName));
      const arns = [...tasks.values()].filter(wanted).map(taskArn).sort();
      // The token is where the next page begins, so that tasks which come and go shift nothing.
      const rest = arns.filter((each) => each > (nextToken ?? ''));
      const page = rest.slice(0, maxResults);
      return { taskArns: page, ...(rest.length > page.length && { nextToken: page.at(-1) }) };
    },

    'ecs:DescribeTasks': (input: { cluster?: string; tasks: string[] }) => {
      const cluster = known(input.cluster);
      const inCluster = (task: Task | undefined) => (task?.cluster === cluster ? task : undefined);
      const { found, failures } = select(input.tasks, 100, (id) => inCluster(tasks.get(id)));
      return { tasks: found.map(apiTask), failures };
    },

    'ecs:DescribeTaskDefinition': ({ taskDefinition }: { taskDefinition: string }) => {
      const found = [...definitions.values()]
        .filter(
          ({ arn, family }) => arn === taskDefinition || last(arn) === taskDefinition || family === taskDefinition,
        )
        .at(-1);
      return {
        taskDefinition: found ? definitionShape(found) : fail('ClientException', 'Unable to describe task definition.'),
      };
    },

    'ecs:DescribeContainerInstances': (input: { cluster?: string; containerInstances: string[] }) => {
      const own = hosts.filter(({ cluster }) => cluster === known(input.cluster));
      const { found, failures } = select(input.containerInstances, 100, (id) =>
        own.find((host) => last(host.arn) === id),
      );
      return { containerInstances: found.map(hostShape), failures };
    },

    // Counted are the tasks that run, also those which were told to stop (AWS: DescribeServices, runningCount).
    'ecs:DescribeServices': (input: { cluster?: string; services: string[] }) => {
      const cluster = known(input.cluster);
      const { found, failures } = select(input.services, 10, (name) => services.get(name));
      const count = (name: string, status: string) =>
        [...tasks.values()].filter((task) => task.service === name && task.lastStatus === status).length;
      const shape = ({ name, desiredCount, taskDefinition }: Service) => ({
        serviceArn: arn('service', `${cluster}/${name}`),
        serviceName: name,
        clusterArn: arn('cluster', cluster),
        status: 'ACTIVE',
        desiredCount,
        runningCount: count(name, 'RUNNING'),
        pendingCount: count(name, 'PENDING'),
        taskDefinition,
      });
      return { services: found.map(shape), failures };
    },

    // By filter: an id that is gone is no error then (AWS: DescribeInstances). What AWS manages is shown to whoever asks for it
    // (AWS: DescribeInstances, IncludeManagedResources; ManagedResourceVisibilitySettings). ASSUMED: hidden by default.
    'ec2:DescribeInstances': ({ Filter = [], IncludeManagedResources = 'false' }: Filters) => {
      const ids = Filter.find(({ Name }) => Name === 'instance-id')?.Value;
      if (!ids || Filter.length > 1)
        return fail('InvalidParameterValue', 'the local world plays the filter instance-id only');
      const found = hosts.filter(
        ({ ec2Id, managed }) => ids.includes(ec2Id) && (!managed || IncludeManagedResources === 'true'),
      );
      return {
        reservationSet: found.map(({ ec2Id, address }) => ({
          instancesSet: [
            { instanceId: ec2Id, privateIpAddress: address, instanceState: { code: 16, name: 'running' } },
          ],
        })),
      };
    },
  };
}

const definitionShape = ({ arn, family, revision, containers, ...definition }: TaskDefinition) => ({
  taskDefinitionArn: arn,
  family,
  revision,
  status: 'ACTIVE',
  networkMode: definition.networkMode ?? 'bridge',
  requiresCompatibilities: [definition.launchType ?? 'EC2'],
  containerDefinitions: containers.map(({ name, containerPort, labels = {}, dependsOn = [] }) => ({
    name,
    image: `${family}:${revision}`,
    essential: true,
    dockerLabels: labels,
    portMappings:
      containerPort === undefined
        ? []
        : [{ containerPort, hostPort: isBridged(definition) ? 0 : containerPort, protocol: 'tcp' }],
    dependsOn: dependsOn.map((containerName) => ({ containerName, condition: 'START' })),
  })),
});

import type { Ecs } from './ecs';
import { AwsError } from './errors';
import { apiTask, arn, type Host, type Task, type TaskDefinition, taskArn } from './task';

type ListTasks = {
  cluster?: string;
  desiredStatus?: string;
  serviceName?: string;
  family?: string;
  containerInstance?: string;
  maxResults?: number;
  nextToken?: string;
};
type Filters = { Filter?: { Name: string; Value: string[] }[] };

/** Names and ARNs may stand for each other in every request. */
const last = (nameOrArn: string | undefined): string => (nameOrArn ?? 'default').replace(/^.*\//, '');
const fail = (code: string, message: string): never => {
  throw new AwsError(code, message);
};
const atMost = (limit: number, list: readonly string[] = [], what: string): void => {
  if (list.length === 0 || list.length > limit)
    fail('InvalidParameterException', `${what} must have 1 to ${limit} elements.`);
};
const missing = (kind: string, cluster: string) => (name: string) => ({
  arn: name.startsWith('arn:') ? name : arn(kind, `${cluster}/${name}`),
  reason: 'MISSING',
});

/** The reading half of ECS's API, and the addresses that EC2 knows. */
export function ecsHandlers({ tasks, services, definitions, hosts }: Ecs) {
  const known = (cluster: string | undefined): string =>
    hosts.some((host) => host.cluster === last(cluster))
      ? last(cluster)
      : fail('ClusterNotFoundException', 'Cluster not found.');

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
        (!input.serviceName || task.service === last(input.serviceName)) &&
        (!input.family || task.definition.family === input.family) &&
        (!input.containerInstance || task.host.arn.endsWith(last(input.containerInstance)));
      const arns = [...tasks.values()].filter(wanted).map(taskArn).sort();
      // The token is where the next page begins, so that tasks which come and go shift nothing.
      const rest = arns.filter((each) => each > (nextToken ?? ''));
      const page = rest.slice(0, maxResults);
      return { taskArns: page, ...(rest.length > page.length && { nextToken: page.at(-1) }) };
    },

    'ecs:DescribeTasks': (input: { cluster?: string; tasks: string[] }) => {
      atMost(100, input.tasks, 'tasks');
      const cluster = known(input.cluster);
      const find = (name: string) => [tasks.get(last(name))].filter((task) => task?.cluster === cluster)[0];
      return {
        tasks: input.tasks.flatMap((name) => find(name) ?? []).map(apiTask),
        failures: input.tasks.filter((name) => !find(name)).map(missing('task', cluster)),
      };
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
      atMost(100, input.containerInstances, 'containerInstances');
      const cluster = known(input.cluster);
      const find = (name: string) => hosts.find((host) => host.cluster === cluster && last(host.arn) === last(name));
      return {
        containerInstances: input.containerInstances.flatMap((name) => find(name) ?? []).map(instanceShape),
        failures: input.containerInstances.filter((name) => !find(name)).map(missing('container-instance', cluster)),
      };
    },

    'ecs:DescribeServices': (input: { cluster?: string; services: string[] }) => {
      atMost(10, input.services, 'services');
      const cluster = known(input.cluster);
      const find = (name: string) => [services.get(last(name))].filter((service) => service?.cluster === cluster)[0];
      const count = (name: string, status: string) =>
        [...tasks.values()].filter((task) => task.service === name && task.lastStatus === status).length;
      return {
        // Counted are the tasks that run, also those which were told to stop (AWS: DescribeServices, runningCount).
        services: input.services
          .flatMap((name) => find(name) ?? [])
          .map(({ name, desiredCount, taskDefinition }) => ({
            serviceArn: arn('service', `${cluster}/${name}`),
            serviceName: name,
            clusterArn: arn('cluster', cluster),
            status: 'ACTIVE',
            desiredCount,
            runningCount: count(name, 'RUNNING'),
            pendingCount: count(name, 'PENDING'),
            taskDefinition,
            launchType: 'EC2',
          })),
        failures: input.services.filter((name) => !find(name)).map(missing('service', cluster)),
      };
    },

    // By filter: an id that is gone is no error then (AWS: DescribeInstances).
    'ec2:DescribeInstances': ({ Filter = [] }: Filters) => {
      const ids = Filter.find(({ Name }) => Name === 'instance-id')?.Value;
      if (!ids || Filter.length > 1)
        return fail('InvalidParameterValue', 'the local world plays the filter instance-id only');
      const found = hosts.filter(({ ec2Id }) => ids.includes(ec2Id));
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

const instanceShape = ({ arn, ec2Id }: Host) => ({
  containerInstanceArn: arn,
  ec2InstanceId: ec2Id,
  status: 'ACTIVE',
  agentConnected: true,
  version: 1,
});

const definitionShape = ({ arn, family, revision, containers }: TaskDefinition) => ({
  taskDefinitionArn: arn,
  family,
  revision,
  status: 'ACTIVE',
  networkMode: 'bridge',
  requiresCompatibilities: ['EC2'],
  containerDefinitions: containers.map(({ name, containerPort, labels = {}, dependsOn = [] }) => ({
    name,
    image: `${family}:${revision}`,
    essential: true,
    dockerLabels: labels,
    portMappings: containerPort === undefined ? [] : [{ containerPort, hostPort: 0, protocol: 'tcp' }],
    dependsOn: dependsOn.map((containerName) => ({ containerName, condition: 'START' })),
  })),
});

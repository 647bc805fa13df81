import {
  ClusterNotFoundException,
  DescribeServicesCommand,
  type DescribeServicesCommandOutput,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  type DescribeTasksCommandOutput,
  type ECSClient,
  type Failure,
  type ListTasksCommandOutput,
  type PortMapping,
  paginateListTasks,
  type TaskDefinition,
} from '@aws-sdk/client-ecs';

import { type Definition, type Fleet, type LabelledContainer, serviceKey, type Witness } from '../fleet/fleet';
import { parseTask, readRange, type Task } from '../fleet/task';
import type { Deps } from '../reconcile';
import { batches, collect } from './batches';
import { doing } from './doing';
import { always, alwaysList } from './malformed';

/**
 * Reads clusters completely: a page or a batch that fails is an error, never a smaller answer.
 * Task definitions are immutable, so each is read once.
 */
export function ecsReader(
  client: ECSClient,
  readHosts: (tasks: readonly Task[]) => Promise<Fleet['hosts']>,
  clusters: readonly string[],
): Pick<Deps, 'readFleet' | 'readWitness'> {
  const definitions = new Map<string, Definition>();
  return {
    readFleet: async (alsoDescribe, settle) => {
      const perCluster = clusters.map((cluster) => readTasks(client, cluster, alsoDescribe.get(cluster) ?? []));
      const found = await Promise.all(perCluster);
      const tasks = settle(found.flatMap((each) => each ?? []));
      const running = tasks.filter(({ state }) => state === 'running');
      for (const arn of new Set(running.map(({ definition }) => definition))) {
        if (!definitions.has(arn)) definitions.set(arn, await readDefinition(client, arn));
      }
      const missingClusters = clusters.filter((_, index) => found[index] === undefined);
      return { tasks, definitions, hosts: await readHosts(running), clusters, missingClusters };
    },
    readWitness: (services) => readWitness(client, services),
  };
}

/** Gives `undefined` for a cluster that does not exist: it has no tasks, and that is no failure. */
async function readTasks(
  client: ECSClient,
  cluster: string,
  also: readonly string[],
): Promise<readonly Task[] | undefined> {
  const ids = new Set(also);
  const listed = collect(paginateListTasks({ client, pageSize: 100 }, { cluster }))
    .then(listedArns)
    .catch(noCluster);
  const arns = await doing(`Listing tasks of cluster ${cluster}`, listed);
  if (arns === undefined) return undefined;
  for (const arn of arns) ids.add(arn.split('/').at(-1) ?? arn);
  const described: Task[] = [];
  for (const tasks of batches([...ids], 100)) {
    const what = `Describing tasks of cluster ${cluster}`;
    const asked = client.send(new DescribeTasksCommand({ cluster, tasks })).then(tasksIn);
    const { found, failures } = await doing(what, asked);
    refuseFailures(what, failures);
    described.push(...found);
  }
  return described;
}

const listedArns = (pages: readonly ListTasksCommandOutput[]): readonly string[] =>
  pages.flatMap(({ taskArns }) => alwaysList('taskArns', taskArns));

function tasksIn({ tasks, failures = [] }: DescribeTasksCommandOutput) {
  const found = alwaysList('tasks', tasks).map(parseTask);
  always('a word about any task', failures[0] ?? found[0]);
  return { found, failures };
}

/** A task that was listed and is gone is normal, an hour after it stopped; every other failure is an error. */
export function refuseFailures(doing: string, failures: readonly Failure[] = []): void {
  const [first] = failures.filter(({ reason }) => reason !== 'MISSING');
  if (first !== undefined)
    throw new Error(`${doing}: ECS would not tell about ${first.arn} (${first.reason}); nothing was changed`);
}

function noCluster(error: unknown): undefined {
  if (!(error instanceof ClusterNotFoundException)) throw error;
}

async function readDefinition(client: ECSClient, arn: string): Promise<Definition> {
  const asked = client.send(new DescribeTaskDefinitionCommand({ taskDefinition: arn }));
  const readable = asked.then(({ taskDefinition }) => toDefinition(always('taskDefinition', taskDefinition)));
  return doing(`Reading task definition ${arn}`, readable);
}

const toDefinition = ({ revision, networkMode, containerDefinitions }: TaskDefinition): Definition => ({
  revision: always('revision', revision),
  network: networkMode ?? 'bridge',
  containers: alwaysList('containerDefinitions', containerDefinitions).map(
    ({ name = '', dockerLabels = {}, portMappings = [] }) => ({
      name,
      labels: dockerLabels,
      ...tcpPorts(portMappings),
    }),
  ),
});

function tcpPorts(mappings: readonly PortMapping[]): Pick<LabelledContainer, 'ports' | 'ranges'> {
  const tcp = mappings.filter(({ protocol }) => protocol !== 'udp');
  return {
    ports: [...new Set(tcp.flatMap(({ containerPort }) => containerPort ?? []))],
    ranges: tcp.flatMap(({ containerPortRange }) => readRange(containerPortRange) ?? []),
  };
}

/** The running tasks that each service itself counts; a service that is gone or deleted is left out. */
async function readWitness(client: ECSClient, services: readonly string[]): Promise<Witness> {
  const counts = new Map<string, number>();
  for (const cluster of new Set(services.map((service) => service.split('/')[0] ?? ''))) {
    const names = services
      .filter((service) => service.startsWith(`${cluster}/`))
      .map((service) => service.slice(cluster.length + 1));
    for (const batch of batches(names, 10)) {
      const what = `Describing services of cluster ${cluster}`;
      const asked = client.send(new DescribeServicesCommand({ cluster, services: batch }));
      const answer = await doing(what, asked.then((told) => toldOfAll(batch, told)).catch(noCluster));
      refuseFailures(what, answer?.failures);
      for (const { serviceName: service = '', status, runningCount } of answer?.services ?? []) {
        if (status !== 'INACTIVE') counts.set(serviceKey({ cluster, service }), runningCount ?? 0);
      }
    }
  }
  return counts;
}

/** A service that is not told about would count as gone, with all its servers. */
function toldOfAll(asked: readonly string[], answer: DescribeServicesCommandOutput): DescribeServicesCommandOutput {
  const services = alwaysList('services', answer.services);
  for (const { runningCount } of services) always('runningCount', runningCount);
  const told = [...services.map(({ serviceName }) => serviceName), ...(answer.failures ?? []).map(({ arn }) => arn)];
  const names = new Set(told.map((nameOrArn) => nameOrArn?.split('/').at(-1)));
  for (const name of asked) always(name, name, names.has(name));
  return answer;
}

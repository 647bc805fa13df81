import {
  ClusterNotFoundException,
  type Task as Described,
  DescribeServicesCommand,
  type DescribeServicesCommandOutput,
  DescribeTasksCommand,
  type DescribeTasksCommandOutput,
  type ECSClient,
  paginateListTasks,
} from '@aws-sdk/client-ecs';
import { z } from 'zod';

import { fieldsOf, Unreadable } from '../fleet/fields';
import { serviceKey, type Unread, type Witness } from '../fleet/fleet';
import { parseTask } from '../fleet/task';
import type { Described as AllDescribed, Deps } from '../reconcile';
import { alwaysList, askEach, collect, doing, failureText, refusal, unanswered } from './calls';

/** A page or a batch that fails is an error, never a smaller answer. A task that ECS refuses to describe is unread, and stops no other. */
export const taskReader =
  (client: ECSClient, clusters: readonly string[]): Deps['readTasks'] =>
  async (also) => {
    const found = await Promise.all(clusters.map((cluster) => readTasks(client, cluster, also.get(cluster) ?? [])));
    return {
      tasks: found.flatMap((each) => each?.tasks ?? []),
      unread: found.flatMap((each) => each?.unread ?? []),
      clusters,
      missingClusters: clusters.filter((_, index) => found[index] === undefined),
    };
  };

type Tasks = Pick<AllDescribed, 'tasks' | 'unread'>;

/** `undefined` for a cluster that does not exist: it has no tasks. */
async function readTasks(client: ECSClient, cluster: string, also: readonly string[]): Promise<Tasks | undefined> {
  const listed = collect(paginateListTasks({ client, pageSize: 100 }, { cluster }))
    .then((pages) => pages.flatMap(({ taskArns }) => alwaysList('taskArns', taskArns).map(String)))
    .catch(ignoreMissingCluster);
  const arns = await doing(`Listing tasks of cluster ${cluster}`, listed);
  if (arns === undefined) return undefined;
  const ids = [...new Set([...also, ...arns.map(lastPart)])];
  const arnOf = (id: string) => arns.find((arn) => lastPart(arn) === id) ?? `${cluster}/${id}`;
  const { answers, refused } = await askEach(ids, {
    size: 100,
    what: () => `Describing tasks of cluster ${cluster}`,
    ask: (tasks) =>
      client
        .send(new DescribeTasksCommand({ cluster, tasks }))
        .then((answer) => tasksIn(answer, cluster, tasks, arnOf)),
  });
  const refusals = [...refused].map(([id, error]) => unreadTask(id, arnOf(id), refusal(error)));
  return {
    tasks: answers.flatMap(({ tasks }) => tasks),
    unread: [...answers.flatMap(({ unread }) => unread), ...refusals],
  };
}

function ignoreMissingCluster(error: unknown): undefined {
  if (!(error instanceof ClusterNotFoundException)) throw error;
}

const lastPart = (nameOrArn: string): string => nameOrArn.split('/').at(-1) ?? nameOrArn;

/** MISSING means that the task ended at least an hour ago. A task without an answer has not ended. */
function tasksIn(
  answer: DescribeTasksCommandOutput,
  cluster: string,
  asked: readonly string[],
  arnOf: (id: string) => string,
): Tasks {
  const { failures = [] } = answer;
  const read = alwaysList('tasks', answer.tasks).map((described) => readTask(described, cluster));
  const silent = unanswered(asked, [...read.map(({ id }) => id), ...failures.map(({ arn = '' }) => lastPart(arn))]);
  const failed = failures.filter(({ reason }) => reason !== 'MISSING');
  return {
    tasks: read.flatMap(({ task }) => task ?? []),
    unread: [
      ...read.flatMap(({ unread }) => unread ?? []),
      ...failed.map(({ arn = '', ...why }) => unreadTask(lastPart(arn), arn, failureText(why))),
      ...silent.map((id) => unreadTask(id, arnOf(id), noWord)),
    ],
  };
}

const noWord = 'the answer of ECS does not mention it';

function readTask(described: Described, cluster: string) {
  const arn = typeof described?.taskArn === 'string' ? described.taskArn : '';
  const id = lastPart(arn);
  try {
    return { id, task: parseTask(described) };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const { group, desiredStatus } = (described ?? {}) as Record<string, unknown>;
    const [, service] = /^service:([A-Za-z0-9_-]+)$/.exec(String(group)) ?? [];
    const services = service === undefined ? [] : [serviceKey({ cluster, service })];
    const unread = unreadTask(id, arn || `without an ARN in cluster ${cluster}`, error.message, services);
    return { id, unread: { ...unread, task: { id, stopping: desiredStatus === 'STOPPED' } } };
  }
}

const unreadTask = (id: string, arn: string, why: string, services: readonly string[] = []): Unread => ({
  what: `task ${arn}`,
  why,
  services,
  task: { id, stopping: false },
});

/** A service that is gone has no count. */
export const witnessReader =
  (client: ECSClient): Deps['readWitness'] =>
  async (services) => {
    const witness = new Map<string, number | string>();
    for (const cluster of new Set(services.map((service) => service.split('/')[0] ?? ''))) {
      const names = services.filter((service) => service.startsWith(`${cluster}/`)).map(lastPart);
      const { answers, refused } = await askEach(names, {
        size: 10,
        what: () => `Describing services of cluster ${cluster}`,
        ask: (batch) =>
          client
            .send(new DescribeServicesCommand({ cluster, services: batch }))
            .then((answer) => countsIn(answer, batch))
            .catch(ignoreMissingCluster),
      });
      const refusals = [...refused].map(([name, error]) => [name, refusal(error)] as const);
      for (const [service, count] of [...answers.flatMap((answer) => [...(answer ?? [])]), ...refusals])
        witness.set(serviceKey({ cluster, service }), count);
    }
    return witness;
  };

/** Danger: a service without an answer must not count as gone, with all its servers. */
function countsIn(answer: DescribeServicesCommandOutput, asked: readonly string[]): Witness {
  const gone: string[] = [];
  const counts = new Map<string, number | string>();
  for (const { arn = '', ...why } of answer.failures ?? []) {
    if (why.reason === 'MISSING') gone.push(lastPart(arn));
    else counts.set(lastPart(arn), failureText(why));
  }
  for (const service of alwaysList('services', answer.services)) {
    const count = fieldsOf(counted, service);
    if (service?.status === 'INACTIVE') gone.push(String(service.serviceName));
    else counts.set(String(service?.serviceName), 'why' in count ? count.why : count.value.runningCount);
  }
  for (const name of unanswered(asked, [...gone, ...counts.keys()])) counts.set(name, noWord);
  return new Map([...counts].filter(([name]) => asked.includes(name)));
}

const counted = z.object({ runningCount: z.number() });

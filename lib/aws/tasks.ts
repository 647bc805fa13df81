import {
  ClusterNotFoundException,
  type Task as Described,
  DescribeTasksCommand,
  type DescribeTasksCommandOutput,
  type ECSClient,
  paginateListTasks,
} from '@aws-sdk/client-ecs';
import type { Described as AllDescribed, Deps } from '../decide';
import { Unreadable } from '../fleet/fields';
import { serviceKey, type Unread } from '../fleet/fleet';
import { parseTask } from '../fleet/task';
import { alwaysList, askEach, collect, doing, failureText, refusal, unanswered } from './calls';

/** A page or a batch that fails is an error, never a smaller answer. A task that ECS refuses to describe is unread, and stops no other. */
export const taskReader =
  (client: ECSClient, clusters: readonly string[]): Deps['readTasks'] =>
  async (also) => {
    const found = await Promise.all(clusters.map((cluster) => readTasks(client, cluster, also)));
    return {
      tasks: found.flatMap((each) => each?.tasks ?? []),
      unread: found.flatMap((each) => each?.unread ?? []),
      clusters,
      missingClusters: clusters.filter((_, index) => found[index] === undefined),
    };
  };

/** Listing and describing share 100 calls at once, and 20 a second after that (AWS: ECS, request throttling). */
const describedAtOnce = 4;

type Also = Parameters<Deps['readTasks']>[0];
type Tasks = Pick<AllDescribed, 'tasks' | 'unread'>;

/** `undefined` for a cluster that does not exist: it has no tasks. */
async function readTasks(client: ECSClient, cluster: string, published: Also): Promise<Tasks | undefined> {
  const listed = collect(paginateListTasks({ client, pageSize: 100 }, { cluster }))
    .then((pages) => pages.flatMap(({ taskArns }) => alwaysList('taskArns', taskArns).map(String)))
    .catch(ignoreMissingCluster);
  const [arns, also] = await Promise.all([doing(`Listing tasks of cluster ${cluster}`, listed), published]);
  if (arns === undefined) return undefined;
  const ids = [...new Set([...(also.get(cluster) ?? []), ...arns.map(lastPart)])];
  const arnOf = (id: string) => arns.find((arn) => lastPart(arn) === id) ?? `${cluster}/${id}`;
  const { answers, refused } = await askEach(ids, {
    ...{ size: 100, atOnce: describedAtOnce },
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

export function ignoreMissingCluster(error: unknown): undefined {
  if (!(error instanceof ClusterNotFoundException)) throw error;
}

export const lastPart = (nameOrArn: string): string => nameOrArn.split('/').at(-1) ?? nameOrArn;

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

export const noWord = 'the answer of ECS does not mention it';

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

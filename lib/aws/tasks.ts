import {
  ClusterNotFoundException,
  type Task as Described,
  DescribeTasksCommand,
  type DescribeTasksCommandOutput,
  type ECSClient,
  type ListTasksCommandOutput,
  paginateListTasks,
} from '@aws-sdk/client-ecs';

import { Unreadable } from '../fleet/fields';
import { serviceKey, type Unread } from '../fleet/fleet';
import { parseTask, type Task } from '../fleet/task';
import { askEach, refusal } from './ask-each';
import { collect } from './batches';
import { doing } from './doing';
import { always, alwaysList } from './malformed';

export type ReadTasks = { readonly tasks: readonly Task[]; readonly unread: readonly Unread[] };

/** Returns `undefined` for a cluster that does not exist: it has no tasks, and that is no failure. */
export async function readTasks(
  client: ECSClient,
  cluster: string,
  also: readonly string[],
): Promise<ReadTasks | undefined> {
  const listed = collect(paginateListTasks({ client, pageSize: 100 }, { cluster }))
    .then(listedArns)
    .catch(noCluster);
  const arns = await doing(`Listing tasks of cluster ${cluster}`, listed);
  if (arns === undefined) return undefined;
  const ids = [...new Set([...also, ...arns.map(idOf)])];
  const arnOf = (id: string) => arns.find((arn) => idOf(arn) === id) ?? `${cluster}/${id}`;
  const { answers, refused } = await askEach(ids, {
    size: 100,
    what: () => `Describing tasks of cluster ${cluster}`,
    ask: (tasks) =>
      client
        .send(new DescribeTasksCommand({ cluster, tasks }))
        .then((answer) => tasksIn(answer, cluster, tasks, arnOf)),
  });
  return {
    tasks: answers.flatMap(({ tasks }) => tasks),
    unread: [
      ...answers.flatMap(({ unread }) => unread),
      ...[...refused].map(([id, error]) => unreadTask(id, arnOf(id), refusal(error))),
    ],
  };
}

export function noCluster(error: unknown): undefined {
  if (!(error instanceof ClusterNotFoundException)) throw error;
}

const idOf = (arn: string): string => arn.split('/').at(-1) ?? arn;

const listedArns = (pages: readonly ListTasksCommandOutput[]): readonly string[] =>
  pages.flatMap(({ taskArns }) => alwaysList('taskArns', taskArns).map(String));

/** A task that is gone is normal, an hour after it stopped. One that is not told about at all is not gone. */
function tasksIn(
  answer: DescribeTasksCommandOutput,
  cluster: string,
  asked: readonly string[],
  arnOf: (id: string) => string,
): ReadTasks {
  const { failures = [] } = answer;
  const read = alwaysList('tasks', answer.tasks).map((described) => readTask(described, cluster));
  const told = [...read.map(({ id }) => id), ...failures.map(({ arn = '' }) => idOf(arn))].filter((id) => id !== '');
  always('a word about any task', told[0]);
  const failed = failures.filter(({ reason }) => reason !== 'MISSING');
  return {
    tasks: read.flatMap(({ task }) => task ?? []),
    unread: [
      ...read.flatMap(({ unread }) => unread ?? []),
      ...failed.map(({ arn = '', reason, detail }) =>
        unreadTask(idOf(arn), arn, `ECS answers ${[reason, detail].filter(Boolean).join(', ')}`),
      ),
      ...asked
        .filter((id) => !told.includes(id))
        .map((id) => unreadTask(id, arnOf(id), 'ECS answers nothing about it')),
    ],
  };
}

function readTask(described: Described, cluster: string): { id: string; task?: Task; unread?: Unread } {
  const arn = typeof described?.taskArn === 'string' ? described.taskArn : '';
  try {
    return { id: idOf(arn), task: parseTask(described) };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const { group, desiredStatus } = (described ?? {}) as Record<string, unknown>;
    const [, service] = /^service:([A-Za-z0-9_-]+)$/.exec(String(group)) ?? [];
    const services = service === undefined ? [] : [serviceKey({ cluster, service })];
    const unread = unreadTask(idOf(arn), arn || `without an ARN in cluster ${cluster}`, error.message, services);
    return { id: idOf(arn), unread: { ...unread, task: { id: idOf(arn), stopping: desiredStatus === 'STOPPED' } } };
  }
}

const unreadTask = (id: string, arn: string, why: string, services: readonly string[] = []): Unread => ({
  what: `task ${arn}`,
  why,
  services,
  task: { id, stopping: false },
});

import {
  DescribeServicesCommand,
  type DescribeServicesCommandOutput,
  DescribeTasksCommand,
  type ECSClient,
  ListTasksCommand,
} from '@aws-sdk/client-ecs';
import * as z from 'zod/mini';

import type { Ended, ServiceState } from '../faults/tasks';
import { fieldsOf } from '../fleet/fields';
import { serviceKey, type Witness } from '../fleet/fleet';
import type { Deps } from '../reconcile';
import { alwaysList, askEach, doing, failureText, refusal, unanswered, within } from './calls';
import { ignoreMissingCluster, lastPart, noWord } from './tasks';

/** The run must end within Lambda's timeout. */
const patienceMs = 4_000;
const later = 'the next tick asks again';

export const serviceReader = (client: ECSClient): Pick<Deps, 'readWitness' | 'readServices' | 'readEnded'> => ({
  readWitness: async (services): Promise<Witness> => {
    const states = await describe(client, services, counted);
    return new Map([...states].map(([key, state]) => [key, typeof state === 'string' ? state : state.runningCount]));
  },
  readServices: async (services) => {
    const states = await within(patienceMs, 'Describing services', describe(client, services, described, later));
    return new Map([...states].map(([key, state]) => [key, typeof state === 'string' ? state : toState(state)]));
  },
  readEnded: async (services) => {
    const read = services.map(async (service) => {
      const what = `Reading the ended tasks of ${service}`;
      const tasks = within(patienceMs, what, doing(what, readEnded(client, service), later));
      return [service, await tasks.catch(({ message }: Error) => message)] as const;
    });
    return new Map(await Promise.all(read));
  },
});

const counted = z.object({ runningCount: z.number() });
const time = z.pipe(
  z.date('a time'),
  z.transform((date: Date) => date.getTime()),
);
const described = z.object({
  desiredCount: z.number(),
  runningCount: z.number(),
  deployments: z._default(
    z.array(
      z.object({
        status: z.string(),
        taskDefinition: z.string(),
        createdAt: time,
        failedTasks: z._default(z.number(), 0),
        rolloutState: z._default(z.string(), ''),
      }),
    ),
    [],
  ),
  events: z._default(z.array(z.object({ createdAt: time, message: z.string() })), []),
});

function toState({ desiredCount, runningCount, deployments, events }: z.infer<typeof described>): ServiceState {
  const primary = deployments.find(({ status }) => status === 'PRIMARY');
  return {
    desired: desiredCount,
    running: runningCount,
    ...(primary && {
      deployment: {
        definition: primary.taskDefinition,
        createdAt: primary.createdAt,
        failedTasks: primary.failedTasks,
        rollout: primary.rolloutState,
      },
    }),
    events: events.map(({ createdAt, message }) => ({ at: createdAt, message })).sort((a, b) => b.at - a.at),
  };
}

/** What ECS says of each service, or why it says nothing; a service that is gone has no entry. */
async function describe<State extends object>(
  client: ECSClient,
  services: readonly string[],
  shape: z.ZodMiniType<State>,
  otherwise?: string,
): Promise<ReadonlyMap<string, State | string>> {
  const states = new Map<string, State | string>();
  for (const cluster of new Set(services.map((service) => service.split('/')[0] ?? ''))) {
    const names = services.filter((service) => service.startsWith(`${cluster}/`)).map(lastPart);
    const { answers, refused } = await askEach(names, {
      size: 10,
      what: () => `Describing services of cluster ${cluster}`,
      ask: (batch) =>
        client
          .send(new DescribeServicesCommand({ cluster, services: batch }))
          .then((answer) => statesIn(answer, batch, shape))
          .catch(ignoreMissingCluster),
      otherwise,
    });
    const refusals = [...refused].map(([name, error]) => [name, refusal(error)] as const);
    for (const [service, state] of [...answers.flatMap((answer) => [...(answer ?? [])]), ...refusals])
      states.set(serviceKey({ cluster, service }), state);
  }
  return states;
}

/** Danger: a service without an answer must not count as gone, with all its servers. */
function statesIn<State extends object>(
  answer: DescribeServicesCommandOutput,
  asked: readonly string[],
  shape: z.ZodMiniType<State>,
): ReadonlyMap<string, State | string> {
  const gone: string[] = [];
  const states = new Map<string, State | string>();
  for (const { arn = '', ...why } of answer.failures ?? []) {
    if (why.reason === 'MISSING') gone.push(lastPart(arn));
    else states.set(lastPart(arn), failureText(why));
  }
  for (const service of alwaysList('services', answer.services)) {
    const state = fieldsOf(shape, service);
    if (service?.status === 'INACTIVE') gone.push(String(service.serviceName));
    else states.set(String(service?.serviceName), 'why' in state ? state.why : state.value);
  }
  for (const name of unanswered(asked, [...gone, ...states.keys()])) states.set(name, noWord);
  return new Map([...states].filter(([name]) => asked.includes(name)));
}

const ended = z.object({
  taskDefinitionArn: z.string(),
  createdAt: time,
  stoppingAt: z.optional(time),
  stoppedAt: z.optional(time),
  stopCode: z._default(z.string(), ''),
  stoppedReason: z._default(z.string(), ''),
  containers: z._default(
    z.array(z.object({ name: z.string(), exitCode: z.optional(z.number()), reason: z.optional(z.string()) })),
    [],
  ),
});

/** Of the last hour, a hundred at most: enough to see what happens again and again. */
async function readEnded(client: ECSClient, service: string): Promise<readonly Ended[]> {
  const [cluster = '', serviceName = ''] = service.split('/');
  const asked = { cluster, serviceName, desiredStatus: 'STOPPED', maxResults: 100 } as const;
  const listed = await client.send(new ListTasksCommand(asked));
  const tasks = alwaysList('taskArns', listed.taskArns).map(String);
  if (tasks.length === 0) return [];
  const answer = await client.send(new DescribeTasksCommand({ cluster, tasks }));
  return alwaysList('tasks', answer.tasks).flatMap((task) => {
    const read = fieldsOf(ended, task);
    if ('why' in read) return [];
    const { taskDefinitionArn: definition, createdAt, stoppedAt, stoppingAt, stopCode, ...rest } = read.value;
    const endedAt = stoppedAt ?? stoppingAt ?? createdAt;
    return { definition, createdAt, endedAt, stopCode, reason: rest.stoppedReason, containers: rest.containers };
  }) as readonly Ended[];
}

import { DescribeTaskDefinitionCommand, type ECSClient } from '@aws-sdk/client-ecs';

import { parseDefinition } from '../fleet/definition';
import { Unreadable } from '../fleet/fields';
import { type Definition, serviceKey, type Unread } from '../fleet/fleet';
import type { Task } from '../fleet/task';
import { always, askEach, isDenial, refusal } from './calls';

/** A new function reads those of every running task, perhaps hundreds. ECS takes bursts of calls, and the client slows down when it refuses one. */
const readAtOnce = 8;

type Definitions = { readonly definitions: ReadonlyMap<string, Definition>; readonly unread: readonly Unread[] };

/** Definitions are immutable, so each is read once; a refused one again in the next run. */
export function definitionReader(client: ECSClient): (running: readonly Task[]) => Promise<Definitions> {
  const definitions = new Map<string, Definition>();
  return async (running) => {
    const arns = [...new Set(running.map(({ definition }) => definition))];
    const known = arns.find((arn) => definitions.has(arn));
    const { refused } = await askEach(
      arns.filter((arn) => !definitions.has(arn)),
      {
        size: 1,
        atOnce: readAtOnce,
        what: ([arn]) => `Reading task definition ${arn}`,
        ask: async ([arn = '']) => definitions.set(arn, await readDefinition(client, arn)),
        known,
      },
    );
    const unread = [...refused].map(([arn, error]) => ({
      what: `task definition ${arn}`,
      why: refusal(error),
      services: [...new Set(running.filter(({ definition }) => definition === arn).map(serviceKey))],
    }));
    return { definitions, unread };
  };
}

async function readDefinition(client: ECSClient, arn: string): Promise<Definition> {
  const { taskDefinition } = await client
    .send(new DescribeTaskDefinitionCommand({ taskDefinition: arn }))
    .catch((error: Error) =>
      Promise.reject(isDenial(error) && !mayBeAllowed(arn) ? new Unreadable(refusal(error)) : error),
    );
  return parseDefinition(always('taskDefinition', taskDefinition));
}

/** A denial of another kind of definition, such as a managed daemon's `daemon-task-definition`, is no fault of the policy. */
const mayBeAllowed = (arn: string): boolean => !/^arn:/.test(arn) || /:task-definition\//.test(arn);

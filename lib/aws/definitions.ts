import { DescribeTaskDefinitionCommand, type ECSClient } from '@aws-sdk/client-ecs';
import { z } from 'zod';

import { readFields, Unreadable } from '../fleet/fields';
import { type Definition, type LabelledContainer, serviceKey, type Unread } from '../fleet/fleet';
import { readRange, type Task } from '../fleet/task';
import { always, askEach, isDenial, refusal } from './calls';

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
  const { revision, networkMode, containerDefinitions } = readFields(
    described,
    always('taskDefinition', taskDefinition),
  );
  const containers = containerDefinitions.map(({ name, dockerLabels: labels, portMappings }) => ({
    name,
    labels,
    ...tcpPorts(portMappings),
  }));
  return { revision, network: networkMode, containers };
}

/** A denial of another kind of definition, such as a managed daemon's `daemon-task-definition`, is no fault of the policy. */
const mayBeAllowed = (arn: string): boolean => !/^arn:/.test(arn) || /:task-definition\//.test(arn);

/** `nat` and `default` are those of Windows: ports are bound on the host, as in `bridge`. */
const networks = ['bridge', 'host', 'awsvpc', 'none', 'default', 'nat'];
const portMapping = z.object({
  containerPort: z.number().optional(),
  containerPortRange: z.string().optional(),
  protocol: z.string().optional(),
});
const described = z.object({
  revision: z.number(),
  networkMode: z.enum(networks, `one of ${networks.join(', ')}`).default('bridge'),
  containerDefinitions: z.array(
    z.object({
      name: z.string().min(1, 'a name'),
      dockerLabels: z.record(z.string(), z.string()).default({}),
      portMappings: z.array(portMapping).default([]),
    }),
  ),
});

function tcpPorts(mappings: readonly z.infer<typeof portMapping>[]): Pick<LabelledContainer, 'ports' | 'ranges'> {
  const tcp = mappings.filter(({ protocol }) => protocol !== 'udp');
  return {
    ports: [...new Set(tcp.flatMap(({ containerPort }) => containerPort ?? []))],
    ranges: tcp.flatMap(({ containerPortRange }) => readRange(containerPortRange) ?? []),
  };
}

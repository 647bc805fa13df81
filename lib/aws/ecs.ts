import {
  DescribeTaskDefinitionCommand,
  type ECSClient,
  type PortMapping,
  type TaskDefinition,
} from '@aws-sdk/client-ecs';
import { z } from 'zod';

import { readFields, Unreadable } from '../fleet/fields';
import { type Definition, type Fleet, type LabelledContainer, serviceKey, type Unread } from '../fleet/fleet';
import { readRange } from '../fleet/ports';
import type { Task } from '../fleet/task';
import type { Deps } from '../reconcile';
import { askEach, isDenial, refusal } from './ask-each';
import { always, alwaysList } from './malformed';
import { readTasks } from './tasks';
import { readWitness } from './witness';

/**
 * Reads clusters completely: a page or a batch that fails is an error, never a smaller answer. What AWS refuses to describe, or
 * describes so that nobody can read it, is named, and holds up nothing else. Task definitions are immutable, so each is read once.
 */
export function ecsReader(
  client: ECSClient,
  readHosts: (tasks: readonly Task[]) => Promise<Pick<Fleet, 'hosts' | 'unread'>>,
  clusters: readonly string[],
): Pick<Deps, 'readFleet' | 'readWitness'> {
  const definitions = new Map<string, Definition>();
  return {
    readFleet: async (alsoDescribe, settle) => {
      const perCluster = clusters.map((cluster) => readTasks(client, cluster, alsoDescribe.get(cluster) ?? []));
      const found = await Promise.all(perCluster);
      const tasks = settle(found.flatMap((each) => each?.tasks ?? []));
      const running = tasks.filter(({ state }) => state === 'running');
      const unreadDefinitions = await learnDefinitions(client, running, definitions);
      const { hosts, unread: unreadHosts } = await readHosts(running);
      return {
        tasks,
        definitions,
        hosts,
        clusters,
        missingClusters: clusters.filter((_, index) => found[index] === undefined),
        unread: [...found.flatMap((each) => each?.unread ?? []), ...unreadDefinitions, ...unreadHosts],
      };
    },
    readWitness: (services) => readWitness(client, services),
  };
}

/** Reads what is not known yet. One that is refused is asked for again in the next run. */
async function learnDefinitions(
  client: ECSClient,
  running: readonly Task[],
  definitions: Map<string, Definition>,
): Promise<readonly Unread[]> {
  const arns = [...new Set(running.map(({ definition }) => definition))];
  const known = arns.find((arn) => definitions.has(arn));
  const unknown = arns.filter((arn) => !definitions.has(arn));
  const read = async ([arn = '']: readonly string[]): Promise<void> => {
    definitions.set(arn, await readDefinition(client, arn));
  };
  const what = ([arn]: readonly string[]) => `Reading task definition ${arn}`;
  const { refused } = await askEach(unknown, { size: 1, what, ask: read, known });
  return [...refused].map(([arn, error]) => ({
    what: `task definition ${arn}`,
    why: refusal(error),
    services: [...new Set(running.filter(({ definition }) => definition === arn).map(serviceKey))],
  }));
}

async function readDefinition(client: ECSClient, arn: string): Promise<Definition> {
  const { taskDefinition } = await client
    .send(new DescribeTaskDefinitionCommand({ taskDefinition: arn }))
    .catch((error: Error) =>
      Promise.reject(isDenial(error) && !mayBeAllowed(arn) ? new Unreadable(refusal(error)) : error),
    );
  const { revision, containerDefinitions } = always('taskDefinition', taskDefinition);
  always('revision', revision);
  alwaysList('containerDefinitions', containerDefinitions);
  readFields(described, taskDefinition);
  return toDefinition(taskDefinition as TaskDefinition);
}

/** No policy is to blame for another kind of definition, such as a managed daemon's `daemon-task-definition`. */
const mayBeAllowed = (arn: string): boolean => !/^arn:/.test(arn) || /:task-definition\//.test(arn);

/** `nat` and `default` are those of Windows: ports are bound on the host, as in `bridge`. */
const networks = ['bridge', 'host', 'awsvpc', 'none', 'default', 'nat'];
const portMapping = z.object({
  containerPort: z.number().optional(),
  containerPortRange: z.string().optional(),
  protocol: z.string().optional(),
});
/** What routing takes from a definition must be what AWS documents. */
const described = z.object({
  revision: z.number(),
  networkMode: z.enum(networks, `one of ${networks.join(', ')}`).optional(),
  containerDefinitions: z.array(
    z.object({
      name: z.string().min(1, 'a name'),
      dockerLabels: z.record(z.string(), z.string()).optional(),
      portMappings: z.array(portMapping).optional(),
    }),
  ),
});

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

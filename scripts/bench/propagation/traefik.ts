/*
 * Traefik with its ECS provider, as its documents configure it (Traefik: ECS provider; entry points), with its poll of 15 s.
 * Written from these documents, and never run, as no binary could be had. A stand-in that makes the same calls has tried what is around it.
 */
import { execFileSync } from 'node:child_process';

import type { Policy } from '../../local/api/iam';
import { ecsHandlers } from '../../local/ecs/ecs-api';
import { region } from '../../local/package/template';
import type { World } from '../../local/world';
import { freePorts, listens, ownAddress } from '../../real/loopback';
import type { Processes } from '../../real/processes';
import { marginMs, type Way } from './ways';

export const traefikName = 'Traefik';
const binary = process.env.TRAEFIK;
const pollSeconds = 15;
/** Between two changes of its configuration (Traefik: providersThrottleDuration). */
const throttleMs = 2_000;

/** What Traefik's documents ask for. */
const policy: Policy = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Action: [
        ...['ListClusters', 'DescribeClusters', 'ListTasks', 'DescribeTasks', 'DescribeContainerInstances'],
        'DescribeTaskDefinition',
      ].map((action) => `ecs:${action}`),
      Resource: '*',
    },
    { Effect: 'Allow', Action: ['ec2:DescribeInstances', 'ssm:DescribeInstanceInformation'], Resource: '*' },
  ],
};

/** `undefined` where TRAEFIK names no binary. */
export async function startTraefik(world: World, processes: Processes): Promise<Way | undefined> {
  if (binary === undefined) return undefined;
  world.aws.connect({ 'ec2:DescribeInstances': describeInstances(world) });
  const { accessKeyId, secretAccessKey, sessionToken } = world.aws.assume('Traefik', [policy]);
  const host = ownAddress();
  const [port = 0] = await freePorts(host, 1);
  const clusters = [...new Set(world.ecs.hosts().map(({ cluster }) => cluster))];
  const lines: string[] = [];
  processes.launch([binary, ...options(`${host}:${port}`, clusters)], {
    environment: {
      AWS_ENDPOINT_URL: world.aws.api.endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    },
    onLine: (line) => lines.push(line),
  });
  if (!(await listens({ host, port }, 10_000))) throw new Error(`Traefik did not start: ${lines.join('\n')}`);
  const version = /^Version:\s+(\S+)/m.exec(execFileSync(binary, ['version'], { encoding: 'utf8' }))?.[1] ?? '';
  const knowsAfterMs = pollSeconds * 1_000 + throttleMs + marginMs;
  return { name: traefikName, origin: `http://${host}:${port}`, program: `Traefik ${version}`, knowsAfterMs };
}

const options = (bind: string, clusters: readonly string[]): readonly string[] => [
  `--entrypoints.web.address=${bind}`,
  `--providers.ecs.clusters=${clusters.join(',')}`,
  `--providers.ecs.region=${region}`,
  '--providers.ecs.exposedbydefault=false',
  `--providers.ecs.refreshseconds=${pollSeconds}`,
  '--global.checknewversion=false',
  '--global.sendanonymoususage=false',
];

type Asked = { InstanceId?: string[]; Filter?: { Name: string; Value: string[] }[] };

/** Traefik names instances by their ids; Sluice filters, because an id that is gone is an error otherwise (AWS: DescribeInstances). */
function describeInstances({ ecs }: World): (input: never) => unknown {
  const none = { clusters: new Set<string>(), definitions: new Map(), services: new Map(), tasks: new Map() };
  return (input: Asked) => {
    const byFilter = ecsHandlers({ ...none, hosts: [...ecs.hosts()] })['ec2:DescribeInstances'];
    const { InstanceId } = input;
    return byFilter(InstanceId ? { Filter: [{ Name: 'instance-id', Value: InstanceId }] } : input);
  };
}

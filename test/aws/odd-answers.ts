import { EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SSMClient } from '@aws-sdk/client-ssm';

import { ecsReader } from '../../lib/aws/ecs';
import { hostReader } from '../../lib/aws/instances';
import { parameterStore } from '../../lib/aws/parameters';
import { type Outcome, reconcile } from '../../lib/reconcile';
import { AwsError, denied } from '../../scripts/local/api/errors';
import { parameterStore as playedStore } from '../../scripts/local/ssm/parameters';
import { taskArn } from '../builders';
import { played, prefix } from './played';

type Fields = Record<string, unknown>;
/** What a test changes: `undefined` leaves it as it is. Each gets what AWS would answer, and may throw. */
export type Odd = {
  readonly task?: (task: Fields) => unknown;
  readonly failure?: (id: string) => string | undefined;
  readonly refuseTasks?: (ids: readonly string[]) => void;
  readonly definition?: (arn: string, definition: Fields) => unknown;
  readonly host?: (host: Fields) => unknown;
  readonly hostFailure?: string;
  readonly refuseHosts?: (arns: readonly string[]) => void;
  readonly address?: (ids: readonly string[]) => void;
  readonly service?: (name: string) => Fields | string;
  readonly refuseServices?: (names: readonly string[]) => void;
};

type Played = { id: string; service: string; revision: number; desiredStatus?: string };
export const host = (id: string): string => `arn:aws:ecs:eu-west-2:123456789012:container-instance/demo/${id}`;
export const definitionArn = (family: string, revision = 1): string =>
  `arn:aws:ecs:eu-west-2:123456789012:task-definition/${family}:${revision}`;

/** Services shop (task a) and cart (x) are published; then shop gets b, on a host of its own and of revision 2, and cart y. */
export async function stage() {
  const first = [task('a', 'shop'), task('x', 'cart')];
  const world = {
    tasks: first as readonly Played[],
    odd: {} as Odd,
    counts: { shop: 2, cart: 2 } as Record<string, number>,
  };
  const store = playedStore();
  const handlers = { ...store.handlers, ...answers(world) };
  const { api, client } = await played(handlers);
  const ecs = new ECSClient(client);
  const make = () => ({
    ...ecsReader(ecs, hostReader(ecs, new EC2Client(client)), ['demo']),
    ...parameterStore(new SSMClient(client), prefix),
    nudge: async () => undefined,
    probe: async () => undefined,
    now: () => 1_000_000,
  });
  let deps = make();
  const run = (): Promise<Outcome> => reconcile([{ body: '{"source":"sluice.tick","id":"1"}', receives: 1 }], deps);
  const servers = async () => {
    const { backends } = await deps.readPublished(false);
    const named = backends.flatMap((each) => each.servers.map(({ name }) => `${each.service}/${name}`));
    return named.sort();
  };
  await run();
  expect(await servers()).toStrictEqual(['cart/x', 'shop/a']);
  deps = make();
  world.tasks = [...first, task('b', 'shop', 2), task('y', 'cart')];
  const forget = () => {
    deps = make();
  };
  return { world, api, run, servers, forget };
}

export const task = (id: string, service: string, revision = 1): Played => ({ id, service, revision });

const answers = (world: { tasks: readonly Played[]; odd: Odd; counts: Record<string, number> }) => ({
  'ecs:ListTasks': () => ({
    taskArns: world.tasks.filter(({ desiredStatus }) => !desiredStatus).map(({ id }) => taskArn(id)),
  }),
  'ecs:DescribeTasks': ({ tasks }: { tasks: string[] }) => {
    world.odd.refuseTasks?.(tasks);
    const found = world.tasks.filter(({ id }) => tasks.includes(id) && !world.odd.failure?.(id));
    const missing = tasks.filter((id) => !found.some((each) => each.id === id));
    return {
      tasks: found.map(describedTask).map((each) => world.odd.task?.(each) ?? each),
      failures: missing.map((id) => ({ arn: taskArn(id), reason: world.odd.failure?.(id) ?? 'MISSING' })),
    };
  },
  'ecs:DescribeTaskDefinition': ({ taskDefinition }: { taskDefinition: string }) => {
    const [, family = '', revision = ''] = /([a-z]+):(\d+)$/.exec(taskDefinition) ?? [];
    const dockerLabels = { 'haproxy.host': `${family}.example` };
    const containers = [{ name: 'web', dockerLabels, portMappings: [{ containerPort: 80, protocol: 'tcp' }] }];
    const definition = { revision: Number(revision), networkMode: 'bridge', containerDefinitions: containers };
    return { taskDefinition: world.odd.definition?.(taskDefinition, definition) ?? definition };
  },
  'ecs:DescribeContainerInstances': ({ containerInstances }: { containerInstances: string[] }) => {
    world.odd.refuseHosts?.(containerInstances);
    const failed = containerInstances.filter((arn) => world.odd.hostFailure && arn === host('b'));
    const shown = containerInstances.filter((arn) => !failed.includes(arn));
    const shape = (arn: string) => ({ containerInstanceArn: arn, ec2InstanceId: `i-${arn.at(-1)}`, status: 'ACTIVE' });
    return {
      containerInstances: shown.map(shape).map((each) => world.odd.host?.(each) ?? each),
      failures: failed.map((arn) => ({ arn, reason: world.odd.hostFailure })),
    };
  },
  'ec2:DescribeInstances': ({ Filter: [filter] }: { Filter: { Value: string[] }[] }) => {
    world.odd.address?.(filter?.Value ?? []);
    const address = (id: string) => ({ instanceId: id, privateIpAddress: `10.0.1.${id.charCodeAt(2)}` });
    return { reservationSet: [{ instancesSet: (filter?.Value ?? []).map(address) }] };
  },
  'ecs:DescribeServices': ({ services }: { services: string[] }) => {
    world.odd.refuseServices?.(services);
    const each = services.map((serviceName) => {
      const odd = world.odd.service?.(serviceName);
      return typeof odd === 'string'
        ? { arn: serviceName, reason: odd }
        : { serviceName, status: 'ACTIVE', runningCount: world.counts[serviceName], ...odd };
    });
    return { services: each.filter((one) => !('reason' in one)), failures: each.filter((one) => 'reason' in one) };
  },
});

const describedTask = ({ id, service, revision, desiredStatus = 'RUNNING' }: Played): Fields => ({
  taskArn: taskArn(id),
  taskDefinitionArn: definitionArn(service, revision),
  containerInstanceArn: host(id),
  group: `service:${service}`,
  startedBy: 'ecs-svc/1',
  version: 3,
  createdAt: 1_000,
  desiredStatus,
  lastStatus: 'RUNNING',
  containers: [{ name: 'web', lastStatus: 'RUNNING', networkBindings: [{ containerPort: 80, hostPort: 32768 }] }],
});

export const refuse = (code: string, message = 'no.', status = 400) => {
  throw new AwsError(code, message, status);
};
export const deny = (action: string) => {
  throw denied('Reconcile', action);
};
/** Changes the record of these tasks. */
export const odd = (ids: string, change: Fields): Odd => ({
  task: (task) => (ids.includes(String(task.taskArn).at(-1) ?? '') ? { ...task, ...change } : task),
});
export const oddDefinition = (change: Fields): Odd => ({
  definition: (arn, definition) => (arn === definitionArn('shop', 2) ? { ...definition, ...change } : definition),
});
export const container = (change: Fields) => oddDefinition({ containerDefinitions: [{ name: 'web', ...change }] });
export const refusedDefinition = (how: () => void): Odd => ({
  definition: (arn) => (arn === definitionArn('shop', 2) ? how() : undefined),
});

import { EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';

import { comeBackSoon } from '../../lib/aws/queue';
import { reconcileDeps } from '../../lib/aws/reconcile-deps';
import { usualSettings } from '../../lib/haproxy/stage';
import { type Deps, reconcile } from '../../lib/reconcile';
import { parameterStore as playedStore } from '../../scripts/local/ssm/parameters';
import { taskArn } from '../builders';
import { played, prefix } from './played';

export const alarmTopic = 'arn:aws:sns:eu-west-2:123456789012:sluice-dev-AlarmTopic';

/** What the function needs of AWS, by real clients with this configuration. The entrance is not probed, and time stands still. */
export function depsFor(config: object): Deps {
  const [ecs, ec2, ssm] = [new ECSClient(config), new EC2Client(config), new SSMClient(config)];
  const clients = { ecs, ec2, ssm, sns: new SNSClient(config) };
  const names = { clusters: ['demo'], prefix, syncDocument: 'sluice-dev-sync', proxyTag: 'dev', alarmTopic };
  const deps = reconcileDeps(clients, { ...names, addresses: [], certificates: [], stageSettings: usualSettings });
  return { ...deps, probe: async () => undefined, countFaults: () => undefined, now: () => 1_000_000 };
}

type Fields = Record<string, unknown>;
/** What a test changes in the answers of AWS, by action: each gets what is asked and what AWS would answer, and may throw. */
export type Odd = Readonly<Record<string, (asked: string, answer: () => Fields) => unknown>>;

type Played = { id: string; service: string; revision: number; desiredStatus?: string };
type Counts = Record<string, number>;
/** `counts` of running tasks; as many are wanted, or what `desired` says. */
type World = { tasks: readonly Played[]; odd: Odd; counts: Counts; desired: Counts };

const arn = (resource: string): string => `arn:aws:ecs:eu-west-2:123456789012:${resource}`;
export const host = (id: string): string => arn(`container-instance/demo/${id}`);
export const definitionArn = (family: string, revision = 1): string => arn(`task-definition/${family}:${revision}`);
export const task = (id: string, service: string, revision = 1): Played => ({ id, service, revision });

type Put = Parameters<ReturnType<typeof playedStore>['put']>[0];
/** What the first run of this file has written; the others begin with it. */
let published: readonly Put[] | undefined;

/** Services shop (task a) and cart (x) are published; then shop gets b, on a host of its own and of revision 2, and cart y. */
export async function stage(patience: object = {}) {
  const first = [task('a', 'shop'), task('x', 'cart')];
  const world: World = { tasks: first, odd: {}, counts: { shop: 2, cart: 2 }, desired: {} };
  const store = playedStore();
  const handlers = Object.entries({ ...ecs(world), ...others(world) }).map(([action, handler]) => {
    const answer = (input: never) => () => handler(input);
    return [action, (input: never) => (world.odd[action] ?? usual)(JSON.stringify(input), answer(input))] as const;
  });
  const { api, client } = await played({ ...store.handlers, ...Object.fromEntries(handlers) });
  const config = { ...client, ...patience };
  let deps = depsFor(config);
  const forget = () => {
    deps = depsFor(config);
  };
  const run = (receives = 1) =>
    reconcile([{ body: '{"source":"sluice.tick","id":"1"}', receives }], deps, { tasks: new Map() });
  if (!published) {
    await run();
    forget();
    published = api.calls.flatMap(({ action, input }) => (action === 'ssm:PutParameter' ? [input as Put] : []));
  } else for (const input of published) store.put(input);
  world.tasks = [...first, task('b', 'shop', 2), task('y', 'cart')];
  return {
    world,
    api,
    store,
    run,
    forget,
    current: () => store.read(`${prefix}/haproxy/current`),
    /** The published servers, as `service/task`. */
    servers: async (): Promise<readonly string[]> => {
      const { backends } = await deps.readPublished(false);
      return backends.flatMap((each) => each.servers.map(({ name }) => `${each.service}/${name}`)).sort();
    },
    bringBack: comeBackSoon(new SQSClient(config), `${client.endpoint}/123456789012/reconcile.fifo`),
  };
}

const usual = (_: string, answer: () => Fields) => answer();

const ecs = (world: World) => ({
  'ecs:ListTasks': ({ desiredStatus }: { desiredStatus?: string }) => ({
    taskArns:
      desiredStatus === 'STOPPED'
        ? [taskArn('ended')]
        : world.tasks.flatMap((task) => (task.desiredStatus ? [] : taskArn(task.id))),
  }),
  'ecs:DescribeTasks': ({ tasks }: { tasks: string[] }) => ({
    tasks: [...world.tasks, { ...task('ended', 'shop'), desiredStatus: 'STOPPED' }]
      .filter(({ id }) => tasks.some((each) => [id, taskArn(id)].includes(each)))
      .map(describedTask),
    failures: tasks
      .filter((id) => !world.tasks.some((each) => each.id === id))
      .map((id) => ({ arn: taskArn(id), reason: 'MISSING' })),
  }),
  'ecs:DescribeTaskDefinition': ({ taskDefinition }: { taskDefinition: string }) => {
    const [, family = '', revision = ''] = /([a-z]+):(\d+)$/.exec(taskDefinition) ?? [];
    const dockerLabels = { 'haproxy.host': `${family}.example` };
    const containers = [{ name: 'web', dockerLabels, portMappings: [{ containerPort: 80, protocol: 'tcp' }] }];
    return {
      taskDefinition: { revision: Number(revision), networkMode: 'bridge', containerDefinitions: containers },
    };
  },
});

const others = (world: World) => ({
  'ecs:DescribeContainerInstances': ({ containerInstances }: { containerInstances: string[] }) => ({
    containerInstances: containerInstances.map((containerInstanceArn) => {
      return { containerInstanceArn, ec2InstanceId: `i-${containerInstanceArn.at(-1)}`, status: 'ACTIVE' };
    }),
    failures: [],
  }),
  'ec2:DescribeInstances': ({ Filter: [filter] }: { Filter: { Value: string[] }[] }) => {
    const address = (id: string) => ({ instanceId: id, privateIpAddress: `10.0.1.${id.charCodeAt(2)}` });
    return { reservationSet: [{ instancesSet: (filter?.Value ?? []).map(address) }] };
  },
  'ecs:DescribeServices': ({ services }: { services: string[] }) => ({
    services: services.map((serviceName) => {
      const runningCount = world.counts[serviceName];
      return { serviceName, status: 'ACTIVE', runningCount, desiredCount: world.desired[serviceName] ?? runningCount };
    }),
    failures: [],
  }),
  'ssm:SendCommand': () => ({ Command: { CommandId: '1' } }),
  'sns:Publish': () => ({ PublishResult: { MessageId: '1' } }),
  'sqs:ChangeMessageVisibilityBatch': () => ({ Successful: [{ Id: 'm' }], Failed: [] }),
});

const describedTask = ({ id, service, revision, desiredStatus = 'RUNNING' }: Played): Fields => ({
  taskArn: taskArn(id),
  taskDefinitionArn: definitionArn(service, revision),
  containerInstanceArn: host(id),
  group: `service:${service}`,
  startedBy: 'ecs-svc/1',
  version: 3,
  createdAt: desiredStatus === 'STOPPED' ? 0 : 1_000,
  desiredStatus,
  lastStatus: 'RUNNING',
  containers: [{ name: 'web', lastStatus: 'RUNNING', networkBindings: [{ containerPort: 80, hostPort: 32768 }] }],
});

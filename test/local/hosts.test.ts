import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';

import { hostReader } from '../../lib/aws/instances';
import { taskReader } from '../../lib/aws/tasks';
import { startApi } from '../../scripts/local/api/api';
import { delays } from '../../scripts/local/delays';
import { type Ecs, playEcs } from '../../scripts/local/ecs/ecs';
import { ecsHandlers } from '../../scripts/local/ecs/ecs-api';
import { twoHosts } from '../../scripts/local/ecs/hosts';
import { isSteady, type Service } from '../../scripts/local/ecs/services';
import type { Host, Task } from '../../scripts/local/ecs/task';
import { type Processes, processes } from '../../scripts/local/processes';
import { type Timers, timers } from '../../scripts/local/timers';

const credentials = { accessKeyId: 'ASIALOCAL', secretAccessKey: 'secret', sessionToken: 'session' };
const speed = { taskStartMs: 20, taskStoppedMs: 20, schedulerMs: 20, healthMs: 50, spotDrainMs: 50, hostLostMs: 200 };
let ecs: Ecs;
let running: Processes;
let clock: Timers;
let events: { type: string; detail: Record<string, unknown> }[];
let [first, second]: Host[] = [];

beforeEach(() => {
  [running, clock, events] = [processes(), timers(), []];
  const hosts = twoHosts('c');
  [first, second] = hosts;
  ecs = playEcs(hosts, {
    processes: running,
    timers: clock,
    delays: { ...delays, ...speed },
    say: () => {},
    putEvent: ({ 'detail-type': type, detail }) => void events.push({ type, detail: detail as never }),
  });
});
afterEach(async () => {
  clock.stop();
  await running.stop();
});

const app = {
  name: 'app',
  command: ['node', 'resources/hello-world/hello.mjs'],
  containerPort: 8080,
  healthCheck: true,
};

async function serve(name: string, desiredCount: number): Promise<void> {
  const taskDefinition = ecs.registerTaskDefinition({ family: name, containers: [app] });
  ecs.putService({ name, cluster: 'c', taskDefinition, desiredCount, minimumHealthyPercent: 100, maximumPercent: 200 });
  await steady(name);
}
const steady = async (name: string) => {
  while (!isSteady(ecs.services.get(name) as Service, ecs.tasks.values())) await sleep(10);
};
const tasksOf = (name: string): readonly Task[] => [...ecs.tasks.values()].filter(({ service }) => service === name);
const statuses = () => events.filter(({ type }) => type.startsWith('ECS Container')).map(({ detail }) => detail.status);

it('warns of a Spot interruption, and drains the instance a moment later', async () => {
  ecs.instances.warn(first?.ec2Id ?? '');
  await sleep(100);

  expect(events.map(({ type }) => type)).toStrictEqual([
    'EC2 Spot Instance Interruption Warning',
    'ECS Container Instance State Change',
  ]);
  expect(events[0]?.detail).toStrictEqual({ 'instance-id': first?.ec2Id, 'instance-action': 'terminate' });
  expect(events[1]?.detail).toMatchObject({ status: 'DRAINING', agentConnected: true, ec2InstanceId: first?.ec2Id });
});

it('replaces what a draining instance runs, the old task last, and places nothing there until it is ACTIVE', async () => {
  await serve('web', 2);
  ecs.instances.setStatus(first?.ec2Id ?? '', 'DRAINING');
  await steady('web');

  const [drained, ...others] = [...tasksOf('web')].sort((a, b) => Number(b.host === first) - Number(a.host === first));
  expect(others.map(({ host }) => host)).toStrictEqual([second, second]);
  expect(drained?.stoppingAt).toBeGreaterThan(others.at(-1)?.startedAt ?? Number.POSITIVE_INFINITY);

  ecs.instances.setStatus(first?.ec2Id ?? '', 'ACTIVE');
  await serve('more', 1);
  expect(tasksOf('more')[0]?.host).toBe(first);
  expect(statuses()).toStrictEqual(['DRAINING', 'ACTIVE']);
});

it('knows the status of an instance, and forgets one that is gone', async () => {
  const { 'ecs:DescribeContainerInstances': describe } = ecsHandlers(ecs);
  const asked = { cluster: 'c', containerInstances: [first?.arn ?? '', second?.arn ?? ''] };
  ecs.instances.setStatus(first?.ec2Id ?? '', 'DRAINING');
  expect(describe(asked).containerInstances.map(({ status }) => status)).toStrictEqual(['DRAINING', 'ACTIVE']);

  ecs.instances.lose(first?.ec2Id ?? '');
  await sleep(300);
  expect(describe(asked).failures).toStrictEqual([{ arn: first?.arn, reason: 'MISSING' }]);
});

it('ends every process of a lost instance at once, and says so only when ECS notices', async () => {
  await serve('web', 2);
  const lost = tasksOf('web').find(({ host }) => host === first);
  events.length = 0;
  ecs.instances.lose(first?.ec2Id ?? '');
  await lost?.containers[0]?.process?.exited;

  expect(events).toStrictEqual([]);
  expect(lost).toMatchObject({ lastStatus: 'RUNNING', healthStatus: 'HEALTHY' });
  await steady('web');
  expect(events[0]?.detail).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'TerminationNotice' });
  expect(tasksOf('web').filter(({ host }) => host === second)).toHaveLength(2);
});

it('waits with what it cannot place, and keeps a cluster without instances', async () => {
  for (const host of [first, second]) ecs.instances.lose(host?.ec2Id ?? '');
  await sleep(300);
  const served = serve('web', 1);
  await sleep(100);
  expect(tasksOf('web')).toStrictEqual([]);
  expect(ecsHandlers(ecs)['ecs:ListTasks']({ cluster: 'c' }).taskArns).toStrictEqual([]);

  ecs.instances.add('c');
  await served;
  expect(tasksOf('web')).toHaveLength(1);
});

it('gives a freed port to the next task on the host when it is told to, else only after a round', async () => {
  const portOf = (name: string) => tasksOf(name).at(-1)?.containers[0]?.hostPort;
  ecs.instances.setStatus(second?.ec2Id ?? '', 'DRAINING');
  await serve('old', 1);
  await serve('old', 0);
  await serve('between', 1);
  ecs.reusePorts(true);
  await serve('new', 1);

  expect(portOf('between')).not.toBe(portOf('old'));
  expect(portOf('new')).toBe(portOf('old'));
});

it('hides an instance that ECS manages from whoever does not ask for it; the function asks, and serves it', async () => {
  const api = await startApi([{ ...credentials, role: 'Reconcile', refused: async () => undefined }], ecsHandlers(ecs));
  const config = { region: 'eu-west-2', endpoint: api.endpoint, credentials };
  const ec2 = new EC2Client(config);
  for (const host of [first, second]) ecs.instances.setStatus(host?.ec2Id ?? '', 'DRAINING');
  const id = ecs.instances.add('c', true);
  await serve('web', 1);

  const Filters = [{ Name: 'instance-id', Values: [id] }];
  const hidden = await ec2.send(new DescribeInstancesCommand({ Filters }));
  const { tasks } = await taskReader(new ECSClient(config), ['c'])(new Map());
  const { hosts } = await hostReader(new ECSClient(config), ec2)(tasks);
  await api.stop();

  expect(hidden.Reservations).toStrictEqual([]);
  const address = tasksOf('web')[0]?.host.address;
  expect([...hosts.values()]).toStrictEqual([{ instanceId: id, address, draining: false }]);
});

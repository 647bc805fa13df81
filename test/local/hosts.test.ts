import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';

import { hostReader } from '../../lib/aws/instances';
import { taskReader } from '../../lib/aws/tasks';
import { startApi } from '../../scripts/local/api/api';
import { ecsHandlers } from '../../scripts/local/ecs/ecs-api';
import { playedEcs } from './played-ecs';

const credentials = { accessKeyId: 'ASIALOCAL', secretAccessKey: 'secret', sessionToken: 'session' };
const played = playedEcs();
const { serve, tasks } = played;
const id = (index: number) => played.hosts[index]?.ec2Id ?? '';

it('replaces what a draining instance runs, the old task last, and places nothing there until it is ACTIVE', async () => {
  const [first, second] = played.hosts;
  const { setHostStatus } = played.ecs;
  await serve('web', 2);
  setHostStatus(id(0), 'DRAINING');
  await played.steady('web');

  const [drained, ...others] = [...tasks('web')].sort((a, b) => Number(b.host === first) - Number(a.host === first));
  expect(others.map(({ host }) => host)).toStrictEqual([second, second]);
  expect(drained?.stoppingAt).toBeGreaterThan(others.at(-1)?.startedAt ?? Number.POSITIVE_INFINITY);

  setHostStatus(id(0), 'ACTIVE');
  await serve('more', 1);
  expect(tasks('more')[0]?.host).toBe(first);
});

it('ends every process of a lost instance at once, reports it only when ECS notices, and forgets the instance', async () => {
  const { 'ecs:DescribeContainerInstances': describe } = ecsHandlers(played.ecs);
  await serve('web', 2);
  const lost = tasks('web').find(({ host }) => host === played.hosts[0]);
  played.events.length = 0;
  played.ecs.loseHost(id(0));
  await lost?.containers[0]?.process?.exited;

  expect(played.events).toStrictEqual([]);
  expect(lost).toMatchObject({ lastStatus: 'RUNNING', healthStatus: 'HEALTHY' });
  await played.steady('web');
  expect(played.events[0]?.detail).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'TerminationNotice' });
  expect(tasks('web').filter(({ host }) => host === played.hosts[1])).toHaveLength(2);
  const { arn = '' } = played.hosts[0] ?? {};
  const { failures } = describe({ cluster: 'c', containerInstances: [arn] });
  expect(failures).toStrictEqual([{ arn, reason: 'MISSING' }]);
});

it('hides an instance that ECS manages from whoever does not ask for it; the function asks, and serves it', async () => {
  const { ecs } = played;
  const api = await startApi([{ ...credentials, role: 'Reconcile', refused: async () => undefined }], ecsHandlers(ecs));
  const config = { region: 'eu-west-2', endpoint: api.endpoint, credentials };
  const ec2 = new EC2Client(config);
  for (const index of [0, 1]) ecs.setHostStatus(id(index), 'DRAINING');
  const managed = ecs.addHost('c', true);
  await serve('web', 1);

  const Filters = [{ Name: 'instance-id', Values: [managed] }];
  const hidden = await ec2.send(new DescribeInstancesCommand({ Filters }));
  const read = await taskReader(new ECSClient(config), ['c'])(new Map());
  const { hosts } = await hostReader(new ECSClient(config), ec2)(read.tasks);
  await api.stop();

  expect(hidden.Reservations).toStrictEqual([]);
  const address = tasks('web')[0]?.host.address;
  expect([...hosts.values()]).toStrictEqual([{ instanceId: managed, address, draining: false }]);
});

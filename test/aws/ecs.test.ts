import { EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';

import { ecsReader } from '../../lib/aws/ecs';
import { hostReader } from '../../lib/aws/instances';
import { parseTask, type Task } from '../../lib/fleet/task';
import { AwsError } from '../../scripts/local/api/errors';
import { taskArn } from '../builders';
import { played } from './played';

const asDescribed = (tasks: readonly Task[]) => tasks;

describe('reading ECS', () => {
  const ids = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => taskArn(String(from + index)));
  const described = (arn: string) => ({
    taskArn: arn.startsWith('arn') ? arn : taskArn(arn),
    taskDefinitionArn: 'shop:1',
    containerInstanceArn: 'host-1',
    group: 'service:shop',
    startedBy: 'ecs-svc/1',
    version: 3,
    desiredStatus: 'RUNNING',
    lastStatus: 'RUNNING',
    containers: [],
  });
  const cluster = {
    'ecs:ListTasks': ({ nextToken = '0' }: { nextToken?: string }) => {
      const from = Number(nextToken);
      return {
        taskArns: ids(from, Math.min(from + 100, 250)),
        ...(from + 100 < 250 ? { nextToken: String(from + 100) } : {}),
      };
    },
    'ecs:DescribeTasks': ({ tasks }: { tasks: string[] }) => ({
      tasks: tasks.map(described),
      failures: [] as object[],
    }),
    'ecs:DescribeTaskDefinition': () => ({
      taskDefinition: {
        revision: 7,
        containerDefinitions: [
          {
            name: 'web',
            dockerLabels: { 'haproxy.host': '*' },
            portMappings: [
              { containerPort: 80, protocol: 'tcp' },
              { containerPort: 53, protocol: 'udp' },
              { containerPortRange: '8000-8010', protocol: 'tcp' },
              { containerPortRange: '9000-9010', protocol: 'udp' },
            ],
          },
        ],
      },
    }),
    'ecs:DescribeContainerInstances': () => ({
      containerInstances: [{ containerInstanceArn: 'host-1', ec2InstanceId: 'i-1' }],
    }),
    'ec2:DescribeInstances': () => ({
      reservationSet: [{ instancesSet: [{ instanceId: 'i-1', privateIpAddress: '10.0.1.7' }] }],
    }),
  };
  const reader = async (handlers: object) => {
    const { api, client } = await played({ ...cluster, ...handlers });
    const ecs = new ECSClient(client);
    return { api, ...ecsReader(ecs, hostReader(ecs, new EC2Client(client)), ['demo']) };
  };

  it('takes every page, a hundred tasks a call, and what nobody lists', async () => {
    const { api, readFleet } = await reader({});

    const { tasks, definitions, hosts } = await readFleet(new Map([['demo', ['published']]]), asDescribed);

    expect(tasks).toHaveLength(251);
    expect(api.calls.filter(({ action }) => action === 'ecs:DescribeTasks')).toHaveLength(3);
    expect(definitions).toStrictEqual(
      new Map([
        [
          'shop:1',
          {
            revision: 7,
            network: 'bridge',
            containers: [
              { name: 'web', labels: { 'haproxy.host': '*' }, ports: [80], ranges: [{ from: 8_000, to: 8_010 }] },
            ],
          },
        ],
      ]),
    );
    expect(hosts).toStrictEqual(new Map([['host-1', { instanceId: 'i-1', address: '10.0.1.7', draining: false }]]));
  });

  it('knows an instance that has only an IPv6 address', async () => {
    const { readFleet } = await reader({
      'ec2:DescribeInstances': () => ({
        reservationSet: [{ instancesSet: [{ instanceId: 'i-1', ipv6Address: '2001:db8::7' }] }],
      }),
    });

    const { hosts } = await readFleet(new Map(), asDescribed);

    expect(hosts.get('host-1')).toStrictEqual({ instanceId: 'i-1', draining: false, ipv6Only: true });
  });

  it('reads what a task needs that only an event knows to run', async () => {
    const { api, readFleet } = await reader({ 'ecs:ListTasks': () => ({ taskArns: [] }) });
    const running = parseTask({ ...described('new'), taskDefinitionArn: 'shop:8' });

    const { definitions, hosts } = await readFleet(new Map(), () => [running]);

    expect([definitions.has('shop:8'), hosts.has('host-1')]).toStrictEqual([true, true]);
    expect(api.calls.map(({ action }) => action)).toContain('ecs:DescribeTaskDefinition');
  });

  it('asks for what cannot change only once', async () => {
    const { api, readFleet } = await reader({});
    await readFleet(new Map(), asDescribed);
    const first = api.calls.length;

    await readFleet(new Map(), asDescribed);

    const again = api.calls.slice(first).map(({ action }) => action);
    expect(new Set(again)).toStrictEqual(
      new Set(['ecs:ListTasks', 'ecs:DescribeTasks', 'ecs:DescribeContainerInstances']),
    );
  });

  it.each(['ecs:ListTasks', 'ecs:DescribeTasks', 'ecs:DescribeTaskDefinition', 'ec2:DescribeInstances'])(
    'is an error when %s fails once, never a smaller fleet',
    async (action) => {
      const { api, readFleet } = await reader({});
      api.faults.next(action, 'throttled');

      await expect(readFleet(new Map(), asDescribed)).rejects.toThrow(
        /^(Listing|Describing|Reading) .*: (ThrottlingException|RequestLimitExceeded): .*; nothing is lost/,
      );
    },
  );

  it('takes a task that is gone for gone, and names any other failure', async () => {
    const failing = (reason: string) => ({
      'ecs:DescribeTasks': ({ tasks }: { tasks: string[] }) => ({
        tasks: [],
        failures: tasks.map((id) => ({ arn: taskArn(id), reason })),
      }),
    });
    const read = async (reason: string) => (await reader(failing(reason))).readFleet(new Map(), asDescribed);

    expect(await read('MISSING')).toMatchObject({ tasks: [], unread: [] });
    const { tasks, unread } = await read('ACCESS');
    expect([tasks.length, unread.length]).toStrictEqual([0, 250]);
    expect(unread[0]).toStrictEqual({
      what: `task ${taskArn('0')}`,
      why: 'ECS answers ACCESS',
      services: [],
      task: { id: '0', stopping: false },
    });
  });

  it('takes a cluster that does not exist for one without tasks, and names it', async () => {
    const gone = () => {
      throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
    };
    const { readFleet, readWitness } = await reader({ 'ecs:ListTasks': gone, 'ecs:DescribeServices': gone });

    expect(await readFleet(new Map([['demo', ['a']]]), asDescribed)).toMatchObject({
      tasks: [],
      missingClusters: ['demo'],
    });
    expect(await readWitness(['demo/shop'])).toStrictEqual(new Map());
  });

  it('hears the count of a service, and leaves out what is deleted', async () => {
    const services = [
      { serviceName: 'shop', status: 'ACTIVE', runningCount: 3 },
      { serviceName: 'old', status: 'INACTIVE', runningCount: 0 },
    ];
    const { readWitness } = await reader({
      'ecs:DescribeServices': () => ({ services, failures: [{ arn: 'x', reason: 'MISSING' }] }),
    });

    expect(await readWitness(['demo/shop', 'demo/old', 'demo/x'])).toStrictEqual(new Map([['demo/shop', 3]]));
  });
});

import type { Fleet } from '../../lib/fleet/fleet';
import { AwsError } from '../../scripts/local/api/errors';
import { taskArn } from '../builders';
import { played } from './played';
import { depsFor } from './stage';

const containerInstances = [{ containerInstanceArn: 'host-1', ec2InstanceId: 'i-1' }];
const instancesSet = [{ instanceId: 'i-1', privateIpAddress: '10.0.1.7' }];

/** 250 tasks of one revision on one host, in pages of a hundred. */
const cluster = {
  'ecs:ListTasks': ({ nextToken = '0' }: { nextToken?: string }) => {
    const [from, to] = [Number(nextToken), Math.min(Number(nextToken) + 100, 250)];
    const taskArns = Array.from({ length: to - from }, (_, index) => taskArn(String(from + index)));
    return { taskArns, ...(to < 250 ? { nextToken: String(to) } : {}) };
  },
  'ecs:DescribeTasks': ({ tasks }: { tasks: string[] }) => ({
    tasks: tasks.map((id) => ({
      taskArn: id.startsWith('arn') ? id : taskArn(id),
      taskDefinitionArn: 'shop:1',
      containerInstanceArn: 'host-1',
      version: 3,
      desiredStatus: 'RUNNING',
      lastStatus: 'RUNNING',
    })),
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
  'ecs:DescribeContainerInstances': () => ({ containerInstances }),
  'ec2:DescribeInstances': () => ({ reservationSet: [{ instancesSet }] }),
};

async function reader(handlers: object = {}) {
  const { api, client } = await played({ ...cluster, ...handlers });
  const deps = depsFor(client);
  return {
    api,
    ...deps,
    readFleet: async (also: ReadonlyMap<string, readonly string[]> = new Map()): Promise<Fleet> => {
      const described = await deps.readTasks(Promise.resolve(also));
      return { ...described, ...(await deps.readSurroundings(described.tasks)) };
    },
  };
}

describe('reading ECS', () => {
  it('reads every page, a hundred tasks a call, and tasks that ECS does not list', async () => {
    const { api, readFleet } = await reader();

    const { tasks, definitions, hosts } = await readFleet(new Map([['demo', ['published']]]));

    expect(tasks).toHaveLength(251);
    expect(api.calls.filter(({ action }) => action === 'ecs:DescribeTasks')).toHaveLength(3);
    const web = { name: 'web', labels: { 'haproxy.host': '*' }, ports: [80], ranges: [{ from: 8_000, to: 8_010 }] };
    expect([...definitions]).toStrictEqual([['shop:1', { revision: 7, network: 'bridge', containers: [web] }]]);
    expect([...hosts]).toStrictEqual([['host-1', { instanceId: 'i-1', address: '10.0.1.7', draining: false }]]);
  });

  it('asks for what cannot change only once', async () => {
    const { api, readFleet } = await reader();
    await readFleet();
    const first = api.calls.length;
    await readFleet();
    const again = api.calls.slice(first).map(({ action }) => action);
    expect([...new Set(again)]).toStrictEqual(['ecs:ListTasks', 'ecs:DescribeTasks', 'ecs:DescribeContainerInstances']);
  });

  it('knows an instance that has only an IPv6 address', async () => {
    const instancesSet = [{ instanceId: 'i-1', ipv6Address: '2001:db8::7' }];
    const { readFleet } = await reader({ 'ec2:DescribeInstances': () => ({ reservationSet: [{ instancesSet }] }) });
    const only = { instanceId: 'i-1', draining: false, ipv6Only: true };
    expect([...(await readFleet()).hosts.values()]).toStrictEqual([only]);
  });

  it('takes a cluster that does not exist for one without tasks, and names it', async () => {
    const gone = () => {
      throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
    };
    const { readTasks, readWitness } = await reader({ 'ecs:ListTasks': gone, 'ecs:DescribeServices': gone });
    expect(await readTasks(Promise.resolve(new Map([['demo', ['a']]])))).toMatchObject({
      tasks: [],
      missingClusters: ['demo'],
    });
    expect(await readWitness(['demo/shop'])).toStrictEqual(new Map());
  });

  it('reads the count of a service, and leaves out what is deleted', async () => {
    const of = (serviceName: string, status: string, runningCount: number) => ({ serviceName, status, runningCount });
    const services = [of('shop', 'ACTIVE', 3), of('old', 'INACTIVE', 0)];
    const answer = { services, failures: [{ arn: 'x', reason: 'MISSING' }] };
    const { readWitness } = await reader({ 'ecs:DescribeServices': () => answer });
    expect(await readWitness(['demo/shop', 'demo/old', 'demo/x'])).toStrictEqual(new Map([['demo/shop', 3]]));
  });
});

import { EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';

import { ecsReader } from '../../lib/aws/ecs';
import { hostReader } from '../../lib/aws/instances';
import { nudge } from '../../lib/aws/nudge';
import { parameterStore } from '../../lib/aws/parameters';
import { comeBackSoon } from '../../lib/aws/queue';
import { parseTask, type Task } from '../../lib/fleet/task';
import { render } from '../../lib/haproxy/render';
import { type Api, startApi } from '../../scripts/local/api';
import { AwsError } from '../../scripts/local/errors';
import { parameterStore as playedStore } from '../../scripts/local/parameters';
import { backend, taskArn } from '../builders';

const credentials = { accessKeyId: 'ASIALOCAL', secretAccessKey: 'secret', sessionToken: 'session' };
const apis: Api[] = [];
afterEach(async () => {
  await Promise.all(apis.splice(0).map((api) => api.stop()));
});

const asDescribed = (tasks: readonly Task[]) => tasks;

/** AWS with these answers, and the settings that lead a real client there. */
async function played(handlers: Record<string, (input: never) => unknown>) {
  const api = await startApi([{ ...credentials, role: 'Reconcile', refused: async () => undefined }], handlers);
  apis.push(api);
  return { api, client: { region: 'eu-west-2', endpoint: api.endpoint, credentials, maxAttempts: 1 } };
}

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

type Answered = NonNullable<
  ReturnType<ReturnType<typeof playedStore>['handlers']['ssm:GetParameters']>['Parameters'][number]
>;
const answerForms: readonly [string, (parameter: Answered) => Answered][] = [
  ['a selector with its colon', (parameter) => parameter],
  [
    'a selector that is the number alone',
    ({ Selector, ...rest }) => ({ ...rest, Selector: (Selector ?? '').slice(1) }),
  ],
  ['no selector', ({ Selector: _, ...rest }) => rest],
  ['a selector though none was asked for', (parameter) => ({ ...parameter, Selector: `:${parameter.Version}` })],
  ['a label', (parameter) => ({ ...parameter, Selector: ':live' })],
  ['an ARN for the name', ({ Selector: _, ...rest }) => ({ ...rest, Name: rest.ARN })],
  ['the selector in the name', ({ Name, ...rest }) => ({ ...rest, Name: `${Name}:${rest.Version}` })],
  [
    'everything in an ARN',
    (rest) => ({ ...rest, Name: `${rest.ARN}:${rest.Version}`, Selector: String(rest.Version) }),
  ],
];

describe('Parameter Store', () => {
  const prefix = '/sluice/dev';
  const files = render({ backends: [backend({ a: 32768 })], certified: [] });
  const empty = { number: 0, backends: [], certificates: [], faults: [] };
  const store = async (store = playedStore()) => {
    const { api, client } = await played(store.handlers);
    const parameters = parameterStore(new SSMClient(client), prefix);
    return {
      api,
      forget: store.forget,
      put: (Name: string, Value: string) => store.put({ Name, Value, Type: 'String', Overwrite: true }),
      ...parameters,
    };
  };

  it('gives back what was published, the version of current as its number', async () => {
    const { publish, readPublished } = await store();

    expect(await publish(files, files, empty)).toBe(1);
    expect(await readPublished(false)).toMatchObject({
      number: 1,
      backends: [backend({ a: 32768 })],
      certificates: [],
      faults: [],
    });
  });

  it('is empty before the first generation', async () => {
    expect(await (await store()).readPublished(false)).toStrictEqual(empty);
  });

  it.each(answerForms)('is read alike when AWS answers with %s', async (_, form) => {
    const played = playedStore();
    const get = played.handlers['ssm:GetParameters'];
    const answer = (input: { Names: string[] }) => ({ ...get(input), Parameters: get(input).Parameters.map(form) });
    const { api, readPublished, publish } = await store({
      ...played,
      handlers: { ...played.handlers, 'ssm:GetParameters': answer },
    });
    const servers = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`task-${n}-${n * 7919}`, n + 1]));
    const large = render({ backends: [backend(servers)], certified: [] });
    await publish(files, files, empty);
    await publish(large.slice(2), large, await readPublished(false));

    const read = await readPublished(true);

    expect(read.faults).toStrictEqual([]);
    expect(read.generation?.files.map(({ versions }) => versions)).toStrictEqual([[1], [1], [2]]);
    expect(read.backends[0]?.servers).toHaveLength(200);
    const calls = api.calls.length;
    await readPublished(false);
    expect(api.calls.length - calls).toBe(1);
  });

  it('is not read when AWS answers with another version than the one asked for', async () => {
    const played = playedStore();
    const get = played.handlers['ssm:GetParameters'];
    const later = (parameter: Answered) => ({ ...parameter, Version: parameter.Version + 1 });
    const answer = (input: { Names: string[] }) => {
      const pieces = input.Names.some((name) => name.includes('/files/'));
      return { ...get(input), Parameters: get(input).Parameters.map(pieces ? later : (same: Answered) => same) };
    };
    const { readPublished, publish } = await store({
      ...played,
      handlers: { ...played.handlers, 'ssm:GetParameters': answer },
    });
    await publish(files, files, empty);

    await expect(readPublished(false)).rejects.toThrow(/AWS answered without .*00-global.cfg:1/);
  });

  it('writes only what changed, current last, and reads a version only once', async () => {
    const { api, publish, readPublished } = await store();
    await publish(files, files, empty);
    const next = render({ backends: [backend({ b: 32769 })], certified: [] });
    const before = await readPublished(false);
    const first = api.calls.length;

    await publish(next.slice(2), next, before);
    await readPublished(false);
    await readPublished(false);

    const names = api.calls
      .slice(first)
      .flatMap(({ input }) => (input as { Name?: string }).Name ?? (input as { Names: string[] }).Names);
    const current = ['/sluice/dev/haproxy/current', '/sluice/dev/certificates/index'];
    const changed = '/sluice/dev/haproxy/files/50-demo.shop.cfg';
    expect(names).toStrictEqual([changed, current[0], ...current, `${changed}:2`, ...current]);
  });

  it('goes on where it was cut off, for writes are slow', async () => {
    const { api, publish } = await store();
    const last = () =>
      api.calls
        .filter(({ action }) => action === 'ssm:PutParameter')
        .map(({ input }) => (input as { Name: string }).Name);
    await publish(files, files, empty);
    const changed = render({ backends: [backend({ b: 1 }), backend({}, { name: 'demo.other' })], certified: [] });
    const before = last().length;
    const cut = changed.map((file, index) => (index === 2 ? { ...file, name: '50-not a name.cfg' } : file));
    await expect(publish(cut, changed, empty)).rejects.toThrow();

    await publish(changed, changed, empty);

    const written = last()
      .slice(before)
      .map((name) => name.split('/').at(-1));
    expect(written).toStrictEqual([...cut.slice(0, 3), ...changed.slice(2)].map(({ name }) => name).concat('current'));
  });

  it.each(['00-global.cfg', '10-frontends.cfg', '50-demo.shop.cfg'])(
    'notices that %s is gone, though it was read before',
    async (name) => {
      const { forget, publish, readPublished } = await store();
      await publish(files, files, empty);
      await readPublished(false);
      forget(`/sluice/dev/haproxy/files/${name}`);

      expect((await readPublished(false)).faults).toStrictEqual([]);
      expect((await readPublished(true)).faults).toStrictEqual([
        `/sluice/dev/haproxy/files/${name}:1 is damaged (missing, or not what haproxy/current lists); it is written anew from what ECS runs`,
      ]);
      expect((await readPublished(true)).generation?.files.map((piece) => piece.name)).not.toContain(name);
    },
  );

  it('carries a service too large for one free parameter in several', async () => {
    const { publish, readPublished } = await store();
    const servers = Object.fromEntries(
      Array.from({ length: 200 }, (_, port) => [`task-${port}-${port * 7919}`, port + 1]),
    );
    const large = render({ backends: [backend(servers)], certified: [] });
    await publish(large, large, empty);

    expect((await readPublished(false)).backends[0]?.servers).toHaveLength(200);
  });

  it('reports a damaged piece, and counts it as not published', async () => {
    const { put, publish, readPublished } = await store();
    await publish(files, files, empty);
    const current = JSON.parse(JSON.stringify((await readPublished(false)).generation));
    put('/sluice/dev/haproxy/files/50-demo.shop.cfg', 'backend damaged\n');
    current.files[2].versions = [2];
    put('/sluice/dev/haproxy/current', JSON.stringify(current));

    const { generation, backends, faults } = await readPublished(false);

    expect(generation?.files.map(({ name }) => name)).toStrictEqual(['00-global.cfg', '10-frontends.cfg']);
    expect(backends).toStrictEqual([]);
    expect(faults).toStrictEqual([
      '/sluice/dev/haproxy/files/50-demo.shop.cfg:2 is damaged (missing, or not what haproxy/current lists); it is written anew from what ECS runs',
    ]);
  });

  it.each([
    ['current', 'haproxy/current', '{'],
    ['the index of certificates', 'certificates/index', '[{"name":"../../etc"}]'],
  ])('reports %s when it is damaged, and keeps the number', async (_, name, text) => {
    const { put, publish, readPublished } = await store();
    await publish(files, files, empty);
    put(`/sluice/dev/${name}`, text);

    const { number, faults } = await readPublished(false);

    expect(number).toBe(name === 'haproxy/current' ? 2 : 1);
    expect(faults).toStrictEqual([expect.stringMatching(new RegExp(`^/sluice/dev/${name}.* is damaged`))]);
  });

  it('keeps published certificates while their index is absent', async () => {
    const certificate = { name: 'example.com', names: ['example.com'], serial: '01', key: 1, chain: 1 };
    const { publish, readPublished } = await store();
    await publish(files, files, { ...empty, certificates: [certificate] });

    expect((await readPublished(false)).certificates).toStrictEqual([certificate]);
  });

  it('is an error when a read fails: then nothing is known', async () => {
    const { api, publish, readPublished } = await store();
    await publish(files, files, empty);
    api.faults.next('ssm:GetParameters', 'denied');

    await expect(readPublished(false)).rejects.toThrow(/not authorized/);
  });
});

describe('acting', () => {
  it('nudges the proxies of its own stage', async () => {
    const { api, client } = await played({ 'ssm:SendCommand': () => ({ Command: {} }) });

    await nudge(new SSMClient(client), { syncDocument: 'sluice-dev-sync', proxyTag: 'dev' })(42);

    expect(api.calls[0]?.input).toMatchObject({
      DocumentName: 'sluice-dev-sync',
      Targets: [{ Key: 'tag:SluiceProxy', Values: ['dev'] }],
      Parameters: { Generation: ['42'] },
    });
  });

  it('law 10: brings a failed batch back after 2, 4, 8, 16, then 30 seconds', async () => {
    const { api, client } = await played({
      'sqs:ChangeMessageVisibilityBatch': () => ({ Successful: [], Failed: [] }),
    });
    const messages = [1, 2, 3, 4, 5, 9].map((receives) => ({
      messageId: `m${receives}`,
      receiptHandle: 'r',
      attributes: { ApproximateReceiveCount: String(receives) },
    }));

    await comeBackSoon(new SQSClient(client), 'https://sqs.eu-west-2.amazonaws.com/123456789012/q.fifo')(messages);

    expect(api.calls[0]?.input).toMatchObject({
      Entries: [2, 4, 8, 16, 30, 30].map((VisibilityTimeout) => ({ VisibilityTimeout })),
    });
  });
});

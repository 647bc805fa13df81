import { EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';

import { ecsReader } from '../../lib/aws/ecs';
import { hostReader } from '../../lib/aws/instances';
import { nudge } from '../../lib/aws/nudge';
import { parameterStore } from '../../lib/aws/parameters';
import { comeBackSoon } from '../../lib/aws/queue';
import { reconcile } from '../../lib/reconcile';
import type { Api } from '../../scripts/local/api/api';
import type { Fault } from '../../scripts/local/api/errors';
import { parameterStore as playedStore } from '../../scripts/local/ssm/parameters';
import { taskArn } from '../builders';
import { always, faults as faultsOf, impatient, played, prefix } from './played';

const again = 'nothing is lost: the run comes again in seconds, and the next tick repairs it';
const faults = faultsOf(again);

const pieces = ['00-global', '10-frontends', '50-demo.shop'].map((file) => `/sluice/dev/haproxy/files/${file}.cfg:1`);

/** Every call of reconcile: how a message names it, what marks it among calls of one action, and answers that are none. */
const calls: Record<string, { action: string; about?: string; names: string; hollow: readonly (object | string)[] }> = {
  'reading current': {
    action: 'ssm:GetParameters',
    about: 'haproxy/current',
    names: 'Reading /sluice/dev/haproxy/current,/sluice/dev/certificates/index',
    hollow: [{}, { Parameters: [] }],
  },
  'reading what is published': {
    action: 'ssm:GetParameters',
    about: 'haproxy/files',
    names: `Reading ${pieces}`,
    hollow: [{}],
  },
  'listing tasks': {
    action: 'ecs:ListTasks',
    names: 'Listing tasks of cluster demo',
    hollow: [{}],
  },
  'describing tasks': {
    action: 'ecs:DescribeTasks',
    names: 'Describing tasks of cluster demo',
    hollow: [{}],
  },
  'reading a definition': {
    action: 'ecs:DescribeTaskDefinition',
    names: 'Reading task definition shop:1',
    hollow: [{}],
  },
  'describing hosts': {
    action: 'ecs:DescribeContainerInstances',
    names: 'Describing container instances of cluster demo',
    hollow: [{}],
  },
  'reading addresses': {
    action: 'ec2:DescribeInstances',
    names: 'Describing instances i-1',
    hollow: ['<Response/>'],
  },
  'asking a service': {
    action: 'ecs:DescribeServices',
    names: 'Describing services of cluster demo',
    hollow: [{}],
  },
  'writing a file': {
    action: 'ssm:PutParameter',
    about: 'haproxy/files',
    names: 'Writing /sluice/dev/haproxy/files/50-demo.shop.cfg',
    hollow: [{}],
  },
  'writing current': {
    action: 'ssm:PutParameter',
    about: 'haproxy/current',
    names: 'Writing /sluice/dev/haproxy/current',
    hollow: [{}],
  },
  nudging: {
    action: 'ssm:SendCommand',
    names: 'Nudging the proxies to generation 2 with sluice-dev-sync',
    hollow: [{}],
  },
};

/** A stage that publishes task a of demo/shop, and then finds b beside it, or no task at all. */
async function stage(call: string) {
  const store = playedStore();
  let tasks = ['a'];
  const { api, client } = await played({ ...store.handlers, ...answers(() => tasks) });
  const { run, published, bringBack } = coldFunction({ ...client, ...impatient() });
  await run(1);
  tasks = call === 'asking a service' ? [] : ['a', 'b'];
  return { api, run, published, bringBack, current: () => store.read(`${prefix}/haproxy/current`), wanted: [...tasks] };
}

/** What the function builds, without memory at every run: the clients are real, only their patience is shorter. */
function coldFunction(config: { readonly endpoint: string }) {
  const [ecs, ec2, ssm] = [new ECSClient(config), new EC2Client(config), new SSMClient(config)];
  const deps = () => ({
    ...ecsReader(ecs, hostReader(ecs, ec2), ['demo']),
    ...parameterStore(ssm, prefix),
    nudge: nudge(ssm, { syncDocument: 'sluice-dev-sync', proxyTag: 'dev' }),
    probe: async () => undefined,
    now: () => 1_000_000,
  });
  return {
    /** The outcome, or the message of the error. */
    run: (receives: number): Promise<string> =>
      reconcile([{ body: '{"source":"sluice.tick","id":"1"}', receives }], deps()).then(
        ({ action }) => action,
        ({ message }) => message,
      ),
    published: async () =>
      (await deps().readPublished(false)).backends.flatMap(({ servers }) => servers).map(({ name }) => name),
    bringBack: () =>
      comeBackSoon(
        new SQSClient(config),
        `${config.endpoint}/123456789012/reconcile.fifo`,
      )([{ messageId: 'm', receiptHandle: 'r', attributes: { ApproximateReceiveCount: '1' } }]).then(
        () => 'done',
        ({ message }) => message,
      ),
  };
}

const answers = (tasks: () => readonly string[]) => ({
  'ecs:ListTasks': () => ({ taskArns: tasks().map(taskArn) }),
  'ecs:DescribeTasks': ({ tasks: asked }: { tasks: string[] }) => ({
    tasks: asked.filter((id) => tasks().includes(id)).map(described),
    failures: asked.filter((id) => !tasks().includes(id)).map((id) => ({ arn: taskArn(id), reason: 'MISSING' })),
  }),
  'ecs:DescribeTaskDefinition': () => ({
    taskDefinition: {
      revision: 1,
      containerDefinitions: [
        { name: 'web', dockerLabels: { 'haproxy.host': '*' }, portMappings: [{ containerPort: 80, protocol: 'tcp' }] },
      ],
    },
  }),
  'ecs:DescribeContainerInstances': () => ({
    containerInstances: [{ containerInstanceArn: 'host-1', ec2InstanceId: 'i-1', status: 'ACTIVE' }],
    failures: [],
  }),
  'ecs:DescribeServices': () => ({
    services: [{ serviceName: 'shop', status: 'ACTIVE', runningCount: tasks().length }],
    failures: [],
  }),
  'ec2:DescribeInstances': () => ({
    reservationSet: [{ instancesSet: [{ instanceId: 'i-1', privateIpAddress: '10.0.1.7' }] }],
  }),
  'ssm:SendCommand': () => ({ Command: { CommandId: '1' } }),
  'sqs:ChangeMessageVisibilityBatch': () => ({ Successful: [{ Id: 'm' }], Failed: [] }),
});

const described = (id: string) => ({
  taskArn: taskArn(id),
  taskDefinitionArn: 'shop:1',
  containerInstanceArn: 'host-1',
  group: 'service:shop',
  startedBy: 'ecs-svc/1',
  version: 3,
  desiredStatus: 'RUNNING',
  lastStatus: 'RUNNING',
  containers: [
    {
      name: 'web',
      lastStatus: 'RUNNING',
      networkBindings: [{ containerPort: 80, hostPort: id === 'a' ? 32768 : 32769 }],
    },
  ],
});

const fine = { said: 'publish', left: 'complete', mended: true };
const same = (some: readonly string[], others: readonly string[]) => JSON.stringify(some) === JSON.stringify(others);

/** The generation that the proxies were told last. */
const lastNudge = ({ calls }: Api): number => {
  const nudges = calls.filter(({ action, outcome }) => action === 'ssm:SendCommand' && outcome === 'answered');
  const { Parameters } = (nudges.at(-1)?.input ?? { Parameters: { Generation: ['0'] } }) as {
    Parameters: { Generation: string[] };
  };
  return Number(Parameters.Generation[0]);
};

describe.each(Object.keys(calls))('%s', (call) => {
  const { action, about, names, hollow } = calls[call] as (typeof calls)[string];

  /** A run with the fault, and one without: what the first said and left behind, and whether the second mended it. */
  async function suffer(fault: Fault, times: number) {
    const { api, run, published, current, wanted } = await stage(call);
    const before = current();
    api.faults.next(action, fault, times, about);
    const said = await run(1);
    const isUntouched = current() === before;
    api.faults.clear();
    const left = await published();
    const next = await run(2);
    const mended = /^(publish|keep)$/.test(next) && same(await published(), wanted) && lastNudge(api) > 1;
    return { said, left: isUntouched ? 'untouched' : same(left, wanted) ? 'complete' : left, mended };
  }

  it.each(['throttled', 'failing', 'too slow', 'cut off'])(
    '%s once is tried again, and the run succeeds',
    async (kind) => {
      expect(await suffer(faults[kind]?.fault as Fault, 1)).toStrictEqual(fine);
    },
  );

  it('slow, but in time, is waited for', async () => {
    expect(await suffer({ lateMs: 50 }, 1)).toStrictEqual(fine);
  });

  it.each(Object.keys(faults))('%s for long fails the run in words, and the next run is right', async (kind) => {
    const { fault, says, advises } = faults[kind] as (typeof faults)[string];

    const { said, ...rest } = await suffer(fault, always);

    expect(said.slice(0, names.length + 2)).toBe(`${names}: `);
    expect(said).toMatch(says);
    expect(said.slice(-advises.length)).toBe(advises);
    // A write that is answered too late was made all the same.
    const isWritten = call === 'nudging' || (call === 'writing current' && kind === 'too slow');
    expect(rest).toStrictEqual({ left: isWritten ? 'complete' : 'untouched', mended: true });
  });

  it.each(hollow.map((answer) => (typeof answer === 'string' ? answer : JSON.stringify(answer))))(
    'an answer %s is none, and the next run is right',
    async (body) => {
      const { said, ...rest } = await suffer({ body }, always);

      expect(said).toMatch(/^[^;]+: (MalformedAnswer: AWS answered without|ZodError:) [^;]+; /);
      expect(said.slice(0, names.length + 2)).toBe(`${names}: `);
      expect(said.slice(-again.length)).toBe(again);
      expect(rest).toStrictEqual({ left: call === 'nudging' ? 'complete' : 'untouched', mended: true });
    },
  );
});

it.each([
  ['ecs:ListTasks', '{"taskArns":[]}'],
  ['ecs:DescribeContainerInstances', '{"containerInstances":[],"failures":[]}'],
  ['ec2:DescribeInstances', '<Response><reservationSet/></Response>'],
])('%s may well answer that there are none', async (action, body) => {
  const { api, run } = await stage('listing tasks');
  api.faults.next(action, { body });

  expect(await run(1)).toBe('keep');
});

describe('bringing messages back', () => {
  const bringBack = async (fault: Fault, times = always) => {
    const { api, bringBack } = await stage('nudging');
    api.faults.next('sqs:ChangeMessageVisibility', fault, times);
    return bringBack();
  };

  it.each(['throttled', 'failing', 'too slow', 'cut off'])('%s once is tried again', async (kind) => {
    expect(await bringBack(faults[kind]?.fault as Fault, 1)).toBe('done');
  });

  it.each(Object.keys(faults))('%s for long is said in words', async (kind) => {
    const { fault, says, advises } = faults[kind] as (typeof faults)[string];

    const said = await bringBack(fault);

    expect(said).toMatch(/^Bringing 1 messages back sooner: /);
    expect(said).toMatch(says);
    expect(said.slice(-advises.length)).toBe(advises);
  });

  it('an answer {} is none', async () => {
    expect(await bringBack({ body: '{}' })).toBe(
      `Bringing 1 messages back sooner: MalformedAnswer: AWS answered without Failed; ${again}`,
    );
  });
});

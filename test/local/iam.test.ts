import { firstRefused, type Judge, judge, type Policy } from '../../scripts/local/api/iam';
import { checksOf } from '../../scripts/local/api/iam-checks';
import { packaged } from '../../scripts/local/package/package';
import { readStack } from '../../scripts/local/package/stack';

const ecs = 'arn:aws:ecs:eu-west-2:123456789012';
const ssm = 'arn:aws:ssm:eu-west-2:123456789012';
const proxy = { id: 'i-0a1b2c3d4e5f60718', tags: { SluiceProxy: 'dev' } };
const otherProxy = { id: 'i-0a1b2c3d4e5f60719', tags: { SluiceProxy: 'prod' } };

let reconcile: readonly Policy[];
let instance: readonly Policy[];
beforeAll(async () => {
  const stack = readStack(await packaged(), 'http://127.0.0.1');
  reconcile = stack.policies('ReconcileRole');
  instance = stack.policies(stack.instanceRole);
}, 120_000);

/** The resource that the policies refuse of a call, if any. */
const refused = (policies: readonly Policy[], action: string, input: object, instances = [proxy]) =>
  firstRefused(judge('Role', policies), checksOf(action, input, instances));

const nudge = (value: string) => ({
  DocumentName: 'sluice-dev-sync_0123456789',
  Targets: [{ Key: 'tag:SluiceProxy', Values: [value] }],
});

describe('the packaged policies', () => {
  it.each([
    ['ecs:ListTasks', { cluster: 'sluice-dev' }],
    ['ecs:DescribeTasks', { cluster: 'sluice-dev', tasks: ['a', `${ecs}:task/sluice-dev/b`] }],
    ['ecs:DescribeServices', { cluster: 'sluice-dev', services: ['shop'] }],
    ['ecs:DescribeContainerInstances', { cluster: 'sluice-dev', containerInstances: ['c'] }],
    ['ecs:DescribeTaskDefinition', { taskDefinition: 'shop:1' }],
    ['ec2:DescribeInstances', {}],
    ['ssm:GetParameters', { Names: ['/sluice/dev/haproxy/current', '/sluice/dev/haproxy/files/50-a.b.cfg:7'] }],
    ['ssm:PutParameter', { Name: '/sluice/dev/haproxy/current', Overwrite: true }],
    ['ssm:SendCommand', nudge('dev')],
    ['sqs:ChangeMessageVisibility', { QueueUrl: 'http://127.0.0.1/123456789012/sluice-dev-reconcile.fifo' }],
  ])('let reconcile call %s', async (action, input) => {
    expect(await refused(reconcile, action, input)).toBeUndefined();
  });

  it.each([
    ['another cluster', 'ecs:ListTasks', { cluster: 'other' }, '*'],
    ['a task elsewhere', 'ecs:DescribeTasks', { cluster: 'other', tasks: ['a'] }, `${ecs}:task/other/a`],
    [
      'one parameter of many',
      'ssm:GetParameters',
      { Names: ['/sluice/dev/haproxy/current', '/sluice/dev2/haproxy/current:1'] },
      `${ssm}:parameter/sluice/dev2/haproxy/current`,
    ],
    [
      'a certificate',
      'ssm:GetParameters',
      { Names: ['/sluice/dev/certificates/a/key'] },
      `${ssm}:parameter/sluice/dev/certificates/a/key`,
    ],
    [
      'writing the index of certificates',
      'ssm:PutParameter',
      { Name: '/sluice/dev/certificates/index' },
      `${ssm}:parameter/sluice/dev/certificates/index`,
    ],
    [
      'another document',
      'ssm:SendCommand',
      { ...nudge('dev'), DocumentName: 'AWS-RunShellScript' },
      `${ssm}:document/AWS-RunShellScript`,
    ],
    // Of stages that are called alike.
    ...['sluice-dev-sync-sync_0123456789', 'sluice-dev-sync-sync', 'sluice-dev-sync-a-sync_0123456789'].map(
      (DocumentName): [string, string, object, string] => [
        `the document ${DocumentName}`,
        'ssm:SendCommand',
        { ...nudge('dev'), DocumentName },
        `${ssm}:document/${DocumentName}`,
      ],
    ),
    [
      'another stage’s proxy',
      'ssm:SendCommand',
      nudge('prod'),
      `arn:aws:ec2:eu-west-2:123456789012:instance/${otherProxy.id}`,
    ],
    [
      'another queue',
      'sqs:ChangeMessageVisibility',
      { QueueUrl: 'http://127.0.0.1/1/other.fifo' },
      'arn:aws:sqs:eu-west-2:123456789012:other.fifo',
    ],
    ['a call that nobody needs', 'sqs:SendMessage', { QueueUrl: 'q' }, 'arn:aws:sqs:eu-west-2:123456789012:q'],
  ])('keep reconcile from %s', async (_, action, input, resource) => {
    expect(await refused(reconcile, action, input, [proxy, otherProxy])).toBe(resource);
  });

  it('let the proxy fetch the sync of its own stage, that of 0.1.0 too while an update runs', async () => {
    const fetch = (Name: string) => refused(instance, 'ssm:GetDocument', { Name });

    expect(await fetch('sluice-dev-sync_0123456789')).toBeUndefined();
    expect(await fetch('sluice-dev-sync')).toBeUndefined();
    expect(await fetch('sluice-dev-sync-sync_0123456789')).toBe(`${ssm}:document/sluice-dev-sync-sync_0123456789`);
  });

  it('let the proxy read its stage, and nothing else', async () => {
    const read = (Name: string) => refused(instance, 'ssm:GetParameter', { Name });

    expect(await read('/sluice/dev/haproxy/current')).toBeUndefined();
    expect(await read('/sluice/dev/acme/account')).toBe(`${ssm}:parameter/sluice/dev/acme/account`);
    expect(await read('/sluice/dev2/haproxy/current')).toBe(`${ssm}:parameter/sluice/dev2/haproxy/current`);
  });
});

describe('judging', () => {
  const allow = (Action: string, Resource: string): Policy[] => [
    { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource }] },
  ];

  it('knows that a list without an instance is covered by * alone, whatever ARN a policy names', async () => {
    const list = (resource: string) => refused(allow('ecs:ListTasks', resource), 'ecs:ListTasks', { cluster: 'demo' });

    expect(await list('*')).toBeUndefined();
    expect(await list(`${ecs}:container-instance/demo/*`)).toBe('*');
    expect(await list(`${ecs}:cluster/demo`)).toBe('*');
  });

  it('is asked once about one thing', () => {
    const allows: Judge = judge('Role', allow('ecs:ListTasks', '*'));
    const check = { action: 'ecs:ListTasks', resource: '*', context: {} };

    expect(allows({ ...check })).toBe(allows({ ...check }));
  });

  it('never guesses: an action without a row, and one that IAM does not have, are errors', async () => {
    const unknown = { action: 'ecs:ListTusks', resource: '*', context: {} };

    expect(() => checksOf('ecs:StopTask', {}, [])).toThrow('does not know what AWS checks for ecs:StopTask');
    await expect(judge('Role', allow('*', '*'))(unknown)).rejects.toThrow('cannot judge ecs:ListTusks on *');
  });
});

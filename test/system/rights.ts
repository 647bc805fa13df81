import { runSimulation } from '@cloud-copilot/iam-simulate';

import { type Judge, judge, type Policy } from '../../scripts/local/api/iam';
import type { Check } from '../../scripts/local/api/iam-checks';
import { account } from '../../scripts/local/package/template';

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
export const asGoodAsRoot: Readonly<Record<string, readonly (readonly Asked[])[]>> = {
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
export const belowRoot: Readonly<Record<string, readonly (readonly Asked[])[]>> = {
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
  'store a secret of a service': [
    [['ssm:PutParameter', parameter('auth/demo.shop/staff'), { 'ssm:Overwrite': 'true' }]],
  ],
  'run the sync': [
    [
      ['ssm:SendCommand', sync],
      ['ssm:SendCommand', proxy, tagged],
    ],
  ],
  'mail to those who get the alarms': [[['sns:Publish', arn('sns', 'sluice-local-AlarmTopic')]]],
  'say that something happened': [[['sqs:SendMessage', arn('sqs', 'sluice-dev-reconcile.fifo')]]],
};

const reading = (path: string): readonly (readonly Asked[])[] => [
  ...['ssm:GetParameter', 'ssm:GetParameters', 'ssm:GetParameterHistory'].map((action): Asked[] => [
    [action, parameter(path)],
  ]),
  [['ssm:GetParametersByPath', arn('ssm', 'parameter/sluice/dev')]],
];

const secrets = {
  'read the key of a certificate': reading('certificates/shop.example/key'),
  'read a secret of a service': reading('auth/demo.shop/staff'),
  'read the key of the account at the CA': reading('acme/account'),
};

/** The secrets that these policies let somebody read: the parameter, and by its key its value. */
export const secretsOf = async (name: string, policies: readonly Policy[]): Promise<string[]> =>
  (await mayDecrypt(name, policies)) ? rightsOf(name, policies, secrets) : [];

/** AWS's own key `aws/ssm` decrypts for everybody in the account who asks by SSM (KMS: AWS managed keys), unless his policies deny it. */
async function mayDecrypt(name: string, policies: readonly Policy[]): Promise<boolean> {
  const context = { 'kms:ViaService': 'ssm.eu-west-2.amazonaws.com', 'kms:CallerAccount': account };
  const resource = arn('kms', 'key/0a1b2c3d-0000-4000-8000-000000000000');
  const principal = `arn:aws:sts::${account}:assumed-role/${name}/local`;
  const statement = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:Decrypt', Resource: '*' };
  const judged = await runSimulation(
    {
      request: {
        ...{ principal, action: 'kms:Decrypt', resource: { resource, accountId: account } },
        contextVariables: context,
      },
      identityPolicies: policies.map((policy, index) => ({ name: `${name} ${index}`, policy })),
      resourcePolicy: { Version: '2012-10-17', Statement: [{ ...statement, Condition: { StringEquals: context } }] },
      ...{ serviceControlPolicies: [], resourceControlPolicies: [] },
    },
    {},
  );
  if (judged.resultType !== 'single')
    throw new Error(`IAM's evaluator cannot judge who decrypts: ${JSON.stringify(judged)}`);
  return judged.overallResult === 'Allowed';
}

async function holds(allows: Judge, ways: readonly (readonly Asked[])[]): Promise<boolean> {
  for (const way of ways) {
    const answers = await Promise.all(
      way.map(([action, resource, context = {}]) => allows({ action, resource, context })),
    );
    if (answers.every(Boolean)) return true;
  }
  return false;
}

/** The rights of a table that these policies give. */
export async function rightsOf(
  name: string,
  policies: readonly Policy[],
  table: typeof asGoodAsRoot,
): Promise<string[]> {
  const allows = judge(name, policies);
  const found: string[] = [];
  for (const [right, ways] of Object.entries(table)) if (await holds(allows, ways)) found.push(right);
  return found;
}

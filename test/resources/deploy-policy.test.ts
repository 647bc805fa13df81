import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Judge, judge, type Policy } from '../../scripts/local/api/iam';
import { type Variant, variants } from '../../scripts/real/package';
import { templateOf } from '../system/packaged';
import { excluded } from './excluded';
import { type Needed, neededCalls } from './needed';
import handlers from './schema-actions.json';

const file = readFileSync(join(__dirname, '../../docs/deploy-policy.json'), 'utf8');
/** As you would fill it in for the zone of the tests. The evaluator takes no ARN without an account, as those of public parameters. */
const policy = JSON.parse(
  file.replace('Z0123456789ABCDEFGHIJ', 'Z0SLUICETEST').replace(':ssm:*::parameter', ':ssm:*:*:parameter'),
) as Policy;
const allows = judge('deployer', [policy]);

const own = (service: string, path: string) => `arn:aws:${service}:eu-west-2:123456789012:${path}`;
const zone = 'arn:aws:route53:::hostedzone/Z0SLUICETEST';
const bucket = 'arn:aws:s3:::sluice-dev-serverlessdeploymentbucket-1abc';
const stack = own('cloudformation', 'stack/sluice-dev/1-2');
const unmake = own('lambda', 'function:sluice-dev-unmake');
const renew = own('lambda', 'function:sluice-dev-renew');

type Rows = readonly (readonly [by: string, resource: string, actions: string])[];
const calls = (rows: Rows): readonly Needed[] =>
  rows.flatMap(([by, resource, words]) => {
    const [service, ...actions] = words.split(' ');
    return actions.map((action) => ({ action: `${service}:${action}`, resource, context: {}, by }));
  });

/** What no schema says. */
const besides = calls([
  ['the removal, by the custom resources', unmake, 'lambda InvokeFunction'],
  // CreateLoadBalancer asks for it (aws-load-balancer-controller, issue 3917).
  ['the load balancer', '*', 'ec2 GetSecurityGroupsForVpc'],
  // The packager: osls/lib/plugins/aws, its folders deploy, remove, info and lib. GetCallerIdentity needs no right.
  ['sls deploy', '*', 'cloudformation ListExports ValidateTemplate'],
  ['sls deploy', stack, 'cloudformation CreateStack UpdateStack DescribeStacks DescribeStackEvents GetTemplate'],
  ['sls deploy', stack, 'cloudformation CreateChangeSet DescribeChangeSet ExecuteChangeSet DeleteChangeSet'],
  ['sls deploy', stack, 'cloudformation DescribeStackResource ListStackResources'],
  ['sls deploy', `${bucket}/serverless/sluice/dev/1/renew.zip`, 's3 PutObject GetObject DeleteObject'],
  ['sls deploy', bucket, 's3 ListBucket GetBucketLocation'],
  ['sls deploy', renew, 'lambda GetFunction'],
  ['sls remove', stack, 'cloudformation DeleteStack'],
  ['sls remove', bucket, 's3 ListBucketVersions'],
  ['sls remove', own('ecr', 'repository/serverless-sluice-dev'), 'ecr DescribeRepositories'],
  // The preflight: resources/preflight/.
  ['the preflight', stack, 'cloudformation DescribeStacks ListStackResources'],
  ['the preflight', zone, 'route53 GetHostedZone ListResourceRecordSets'],
  ['the preflight', '*', 'ecs ListServices'],
  ['the preflight', own('ecs', 'cluster/sluice-dev'), 'ecs DescribeClusters'],
  ['the preflight', '*', 'ec2 DescribeVpcs DescribeSubnets DescribeSecurityGroups DescribeAddresses DescribeInstances'],
  ['the preflight', '*', 'ec2 DescribeInstanceTypes DescribeInstanceTypeOfferings GetEbsDefaultKmsKeyId'],
  ['the preflight', '*', 'freetier GetAccountPlanState'],
  ['the preflight', own('servicequotas', 'ec2/L-1216C47A'), 'servicequotas GetServiceQuota'],
  ['a deploy that waits', '*', 'autoscaling DescribeScalingActivities'],
  ['init', '*', 'route53 ListHostedZones'],
  ['the progress', stack, 'cloudformation DescribeStackEvents ListStackResources'],
  ['deploy --wait', own('ssm', 'parameter/sluice/dev/certificates/index'), 'ssm GetParameters'],
  ['deploy --wait', '*', 'ec2 DescribeAddresses'],
  ['a deploy that ends', own('sns', 'sluice-dev-AlarmTopic-1'), 'sns ListSubscriptionsByTopic'],
]);

const serviceRole = (service: string): Needed => ({
  action: 'iam:CreateServiceLinkedRole',
  resource: `arn:aws:iam::123456789012:role/aws-service-role/${service}.amazonaws.com/AWSServiceRole`,
  context: { 'iam:AWSServiceName': `${service}.amazonaws.com` },
  by: 'a fresh account',
});
const serviceRoles = ['autoscaling', 'ecs', 'elasticloadbalancing', 'spot', 'ssm'].map(serviceRole);

let needed: readonly Needed[];
beforeAll(async () => {
  needed = [...(await neededCalls()), ...besides, ...serviceRoles];
}, 300_000);

const ask = (judged: Judge, { action, resource, context }: Needed) => judged({ action, resource, context });

/** Those that are denied, as `action on resource, for type`. */
async function denied(judged: Judge, all: readonly Needed[]): Promise<readonly string[]> {
  const answers = await Promise.all(all.map((call) => ask(judged, call)));
  const left = all.filter((_, index) => !answers[index]);
  return left.map(({ action, resource, by }) => `${action} on ${resource}, for ${by}`);
}

const list = (one: string | readonly string[]): readonly string[] => [one].flat();
const patterns = [...new Set(policy.Statement.flatMap(({ Action }) => list(Action)))].sort();
const meant = (pattern: string) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`);

describe('docs/deploy-policy.json', () => {
  it('is held against the schemas of all types that any variant has', async () => {
    const types = new Set<string>();
    for (const variant of Object.keys(variants) as Variant[])
      for (const { Type } of Object.values((await templateOf(variant)).resources)) types.add(Type);

    const known = [...types].filter((type) => !type.startsWith('Custom::'));
    expect(known.sort()).toStrictEqual(Object.keys(handlers));
  });

  it('allows what a deploy, an update and a removal need, in every variant', async () => {
    expect(needed.length).toBeGreaterThan(800);
    expect(await denied(allows, needed)).toStrictEqual([]);
  });

  it.each(patterns)('needs %s: without it a call is denied', async (pattern) => {
    const Statement = policy.Statement.map((each) => ({
      ...each,
      Action: list(each.Action).filter((action) => action !== pattern),
    })).filter(({ Action }) => Action.length > 0);
    const without = judge('deployer', [{ ...policy, Statement }]);

    for (const call of needed.filter(({ action }) => meant(pattern).test(action)))
      if (!(await ask(without, call))) return;
    throw new Error(`no call needs ${pattern}; take it out`);
  });

  it('leaves out only what the schemas list', () => {
    const listed = Object.values(handlers).flatMap((each) => Object.values(each).flatMap((words) => words.split(' ')));

    for (const { actions, why } of excluded)
      expect([why, listed.some((action) => actions.test(action))]).toStrictEqual([why, true]);
  });

  it('names the public parameters of images, which belong to no account', () => {
    expect(file).toContain('"arn:aws:ssm:*::parameter/aws/service/*"');
  });

  it('may create the roles of those services, and of nothing else', async () => {
    expect(await ask(allows, serviceRole('rds'))).toBe(false);
  });

  it('reaches nothing that is named otherwise', async () => {
    const elb = (path: string) => own('elasticloadbalancing', path);
    const foreign: Rows = [
      ['another', own('lambda', 'function:shop'), 'lambda UpdateFunctionCode DeleteFunction TagResource'],
      ['another', 'arn:aws:iam::123456789012:role/Admin', 'iam PassRole PutRolePolicy'],
      ['another', 'arn:aws:s3:::shop/orders', 's3 GetObject'],
      ['another', own('ssm', 'parameter/shop/password'), 'ssm GetParameter GetParameters AddTagsToResource'],
      ['another', own('ssm', 'parameter/sluice/dev/certificates/example.com/key'), 'ssm GetParameter GetParameters'],
      // An association of it would run any command, on any instance.
      ['another', own('ssm', 'document/AWS-RunShellScript'), 'ssm CreateAssociation UpdateAssociation SendCommand'],
      ['another', own('ecs', 'service/default/shop'), 'ecs UpdateService DeleteService'],
      ['another', own('sqs', 'orders'), 'sqs DeleteQueue'],
      ['another', 'arn:aws:route53:::hostedzone/ZOTHER', 'route53 ChangeResourceRecordSets'],
      ['another', own('cloudformation', 'stack/shop/1-2'), 'cloudformation DeleteStack UpdateStack'],
      [
        'another',
        own('autoscaling', 'autoScalingGroup:1-2:autoScalingGroupName/shop'),
        'autoscaling DeleteAutoScalingGroup',
      ],
      ['another', elb('loadbalancer/app/shop/1'), 'elasticloadbalancing DeleteLoadBalancer CreateListener'],
      ['another', elb('targetgroup/shop/1'), 'elasticloadbalancing RegisterTargets'],
    ];

    expect(await denied(allows, calls(foreign))).toHaveLength(calls(foreign).length);
  });

  it('fits into a managed policy, which may have 6,144 characters without white space', () => {
    expect(JSON.stringify(JSON.parse(file)).length).toBeLessThan(6_144);
  });
});

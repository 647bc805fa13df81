import { toXml } from '../../scripts/local/api/xml';
import { type Answer, refusal, type Says, zone } from './played-aws';

/** What an account has, where nothing stands in the way of a first deploy. */
const fresh = {
  /** The stack's status, and what is in it by logical id. */
  status: undefined as string | undefined,
  resources: {} as Readonly<Record<string, string>>,
  plan: 'PAID',
  key: 'alias/aws/ebs',
  quota: 5,
  addresses: [] as readonly object[],
  networks: [] as readonly { vpcId: string; cidrBlock?: string }[],
  groups: [] as readonly { groupId: string; vpcId: string }[],
  subnets: [] as readonly { subnetId: string; vpcId: string; availabilityZone: string }[],
  instances: [] as readonly object[],
  types: ['t4g.nano', 't4g.micro', 't4g.small', 't4g.medium', 'm6g.medium', 'm7g.medium'],
  zones: ['eu-west-2'],
  clusters: [] as readonly { clusterName: string; status: string }[],
  subscription: 'PendingConfirmation',
};

type Account = typeof fresh;

/** What is different once a stage is deployed. */
export const whole = {
  status: 'UPDATE_COMPLETE',
  resources: {
    Vpc: 'vpc-1',
    Cluster: 'sluice-prod',
    ProxyGroup1: 'g',
    ProxyAddress1: 'a',
    TaskHosts: 'h',
    ProxySecurityGroup: 'sg-1',
  },
  networks: [{ vpcId: 'vpc-1', cidrBlock: '10.77.0.0/16' }],
};

/** AWS's answers for such an account; @param over what is different in it. */
export function account(over: Partial<Account> = {}): Says {
  const has = { ...fresh, ...over };
  return { ...ofTheStack(has), ...ofEc2(has), ...ofOthers(has) };
}

const ofTheStack = ({ status, resources }: Account): Says => ({
  DescribeStacks:
    status === undefined
      ? refusal(400, 'ValidationError', 'Stack with id sluice-prod does not exist')
      : query(
          'DescribeStacks',
          `<Stacks><member><StackName>sluice-prod</StackName><StackId>arn:aws:cloudformation:eu-west-2:123456789012:stack/sluice-prod/1</StackId><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>${status}</StackStatus></member></Stacks>`,
        ),
  ListStackResources: query(
    'ListStackResources',
    `<StackResourceSummaries>${Object.entries(resources)
      .map(([LogicalResourceId, PhysicalResourceId]) =>
        toXml({ member: { LogicalResourceId, PhysicalResourceId, ResourceStatus: 'CREATE_COMPLETE' } }),
      )
      .join('')}</StackResourceSummaries>`,
  ),
});

const ofEc2 = (has: Account): Says => ({
  DescribeVpcs: ec2({ vpcSet: has.networks }),
  DescribeSecurityGroups: ec2({ securityGroupInfo: has.groups }),
  DescribeSubnets: ec2({ subnetSet: has.subnets }),
  DescribeAddresses: ec2({ addressesSet: has.addresses }),
  DescribeInstances: ec2({ reservationSet: [{ instancesSet: has.instances }] }),
  DescribeInstanceTypeOfferings: ec2({
    instanceTypeOfferingSet: has.types.flatMap((instanceType) =>
      has.zones.map((location) => ({ instanceType, location })),
    ),
  }),
  DescribeInstanceTypes: (body) => {
    const free = body.includes('free-tier-eligible');
    const types = has.types.filter((type) => !free || ['t4g.micro', 't4g.small'].includes(type));
    return ec2({
      instanceTypeSet: types.map((instanceType) => ({
        instanceType,
        vCpuInfo: { defaultVCpus: /^m[67]g\.medium$/.test(instanceType) ? 1 : 2 },
      })),
    });
  },
  GetEbsDefaultKmsKeyId: ec2({ kmsKeyId: has.key }),
});

const ofOthers = (has: Account): Says => ({
  GetHostedZone: zone('example.com'),
  ListResourceRecordSets: [
    200,
    `<ListResourceRecordSetsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ResourceRecordSets/><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListResourceRecordSetsResponse>`,
  ],
  DescribeClusters: json({ clusters: has.clusters }),
  ListServices: json({ serviceArns: [] }),
  GetAccountPlanState: json({ accountPlanType: has.plan }),
  GetServiceQuota: json({ Quota: { Value: has.quota } }),
  CreateServiceLinkedRole: refusal(400, 'InvalidInput', 'has been taken in this account'),
  GetCallerIdentity: query(
    'GetCallerIdentity',
    '<Arn>arn:aws:iam::123456789012:user/you</Arn><Account>123456789012</Account>',
  ),
  ListSubscriptionsByTopic: query(
    'ListSubscriptionsByTopic',
    `<Subscriptions>${toXml({ member: { SubscriptionArn: has.subscription, Endpoint: 'you@example.com' } })}</Subscriptions>`,
  ),
});

export const json = (value: object): Answer => [200, JSON.stringify(value)];
const ec2 = (value: object): Answer => [200, `<Response>${toXml(value)}</Response>`];
export const query = (action: string, result: string): Answer => [
  200,
  `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`,
];
/** As EC2 refuses, which has words of its own. */
export const refusedByEc2 = (code: string, message: string): Answer => [
  403,
  `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors></Response>`,
];

/** Launches that failed just now. */
export const activities = (...groups: readonly string[]): Answer =>
  query(
    'DescribeScalingActivities',
    `<Activities>${groups
      .map((AutoScalingGroupName, n) =>
        toXml({
          member: {
            ActivityId: n,
            AutoScalingGroupName,
            StatusCode: n === 0 ? 'Failed' : 'Cancelled',
            StatusMessage: 'not eligible for Free Tier',
            StartTime: new Date().toISOString(),
          },
        }),
      )
      .join('')}</Activities>`,
  );

export const event = (id: string, type: string, status: string, reason = '') =>
  `<member><StackId>1</StackId><EventId>${id}</EventId><StackName>sluice-prod</StackName><LogicalResourceId>${id}</LogicalResourceId>
   <ResourceType>AWS::${type}</ResourceType><Timestamp>2026-01-01T00:00:00Z</Timestamp><ResourceStatus>${status}</ResourceStatus>
   <ResourceStatusReason>${reason}</ResourceStatusReason></member>`;

/** A stack that takes an update, and what becomes of it. */
export const changing = (last: string) => ({
  DescribeStackResource: query(
    'DescribeStackResource',
    '<StackResourceDetail><LogicalResourceId>ServerlessDeploymentBucket</LogicalResourceId><PhysicalResourceId>sluice-bucket</PhysicalResourceId></StackResourceDetail>',
  ),
  ValidateTemplate: query('ValidateTemplate', ''),
  UpdateStack: query('UpdateStack', '<StackId>1</StackId>'),
  DescribeStackEvents: query(
    'DescribeStackEvents',
    `<StackEvents>${last}${event('start', 'CloudFormation::Stack', 'UPDATE_IN_PROGRESS')}</StackEvents>`,
  ),
});

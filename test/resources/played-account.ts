import { AwsError } from '../../scripts/local/api/errors';
import { type Says, zone } from './played-aws';

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
  services: [] as readonly string[],
  records: [] as readonly object[],
  subscription: 'PendingConfirmation',
};

type Account = typeof fresh;

/** What is different once a stage is deployed. */
export const whole = {
  status: 'UPDATE_COMPLETE',
  resources: {
    ...{ Vpc: 'vpc-1', Cluster: 'sluice-prod', TaskHosts: 'h' },
    ...{ ProxyGroup1: 'g', ProxyAddress1: 'a', ProxySecurityGroup: 'sg-1' },
  },
  networks: [{ vpcId: 'vpc-1', cidrBlock: '10.77.0.0/16' }],
};

/** AWS's answers for such an account; @param over what is different in it. */
export function account(over: Partial<Account> = {}): Says {
  const has = { ...fresh, ...over };
  return { ...ofTheStack(has), ...ofEc2(has), ...ofOthers(has) };
}

const ofTheStack = ({ status, resources }: Account): Says => {
  const stack = {
    StackName: 'sluice-prod',
    StackId: 'arn:aws:cloudformation:eu-west-2:123456789012:stack/sluice-prod/1',
  };
  const ids = Object.entries(resources).map(([LogicalResourceId, PhysicalResourceId]) => {
    return { LogicalResourceId, PhysicalResourceId, ResourceStatus: 'CREATE_COMPLETE' };
  });
  return {
    DescribeStacks:
      status === undefined
        ? new AwsError('ValidationError', 'Stack with id sluice-prod does not exist')
        : { Stacks: [{ ...stack, CreationTime: '2026-01-01T00:00:00Z', StackStatus: status }] },
    ListStackResources: { StackResourceSummaries: ids },
  };
};

const ofEc2 = (has: Account): Says => ({
  DescribeVpcs: { vpcSet: has.networks },
  DescribeSecurityGroups: { securityGroupInfo: has.groups },
  DescribeSubnets: { subnetSet: has.subnets },
  DescribeAddresses: { addressesSet: has.addresses },
  DescribeInstances: { reservationSet: [{ instancesSet: has.instances }] },
  DescribeInstanceTypeOfferings: {
    instanceTypeOfferingSet: has.types.flatMap((instanceType) =>
      has.zones.map((location) => ({ instanceType, location })),
    ),
  },
  DescribeInstanceTypes: (asked) => {
    const isFree = asked.includes('free-tier-eligible');
    const types = has.types.filter((type) => !isFree || ['t4g.micro', 't4g.small'].includes(type));
    const cores = (type: string) => ({ defaultVCpus: /^m[67]g\.medium$/.test(type) ? 1 : 2 });
    return { instanceTypeSet: types.map((instanceType) => ({ instanceType, vCpuInfo: cores(instanceType) })) };
  },
  GetEbsDefaultKmsKeyId: { kmsKeyId: has.key },
});

const ofOthers = (has: Account): Says => ({
  GetHostedZone: zone('example.com'),
  ListResourceRecordSets: { ResourceRecordSets: has.records, IsTruncated: false, MaxItems: 100 },
  DescribeClusters: { clusters: has.clusters },
  ListServices: {
    serviceArns: has.services.map((name) => `arn:aws:ecs:eu-west-2:123456789012:service/sluice-prod/${name}`),
  },
  GetAccountPlanState: { accountPlanType: has.plan },
  GetServiceQuota: { Quota: { Value: has.quota } },
  CreateServiceLinkedRole: new AwsError('InvalidInput', 'has been taken in this account'),
  GetCallerIdentity: { Arn: 'arn:aws:iam::123456789012:user/you', Account: '123456789012' },
  ListSubscriptionsByTopic: { Subscriptions: [{ SubscriptionArn: has.subscription, Endpoint: 'you@example.com' }] },
});

/** Launches that failed just now. */
export const activities = (...groups: readonly string[]) => ({
  Activities: groups.map((AutoScalingGroupName, n) => ({
    ActivityId: n,
    AutoScalingGroupName,
    StatusCode: n === 0 ? 'Failed' : 'Cancelled',
    StatusMessage: 'not eligible for Free Tier',
    StartTime: new Date().toISOString(),
  })),
});

const event = (LogicalResourceId: string, type: string, ResourceStatus: string, ResourceStatusReason = '') => ({
  ...{ StackId: 1, StackName: 'sluice-prod', EventId: `${LogicalResourceId} ${ResourceStatus}`, LogicalResourceId },
  ...{ ResourceType: `AWS::${type}`, Timestamp: '2026-01-01T00:00:00Z', ResourceStatus, ResourceStatusReason },
});

/** A stack that takes an update, and the event with which it ends. */
export const changing = (...last: Parameters<typeof event>): Says => ({
  DescribeStackResource: {
    StackResourceDetail: { LogicalResourceId: 'ServerlessDeploymentBucket', PhysicalResourceId: 'sluice-bucket' },
  },
  ValidateTemplate: {},
  UpdateStack: { StackId: 1 },
  DescribeStackEvents: {
    StackEvents: [event(...last), event('start', 'CloudFormation::Stack', 'UPDATE_IN_PROGRESS')],
  },
});

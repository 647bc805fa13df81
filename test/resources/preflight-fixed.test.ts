import { denied as deniedBy } from '../../scripts/local/api/errors';
import { account, whole } from './played-account';
import { playedAws } from './played-aws';
import { playedDns } from './played-dns';
import { deploying } from './plugin';

const aws = playedAws();
playedDns();

const said = (settings: object = {}) => deploying(aws, settings);

describe('what is fixed after the first deploy', () => {
  const beside = {
    status: 'UPDATE_COMPLETE',
    resources: { ProxyGroup1: 'g', ProxyAddress1: 'a', ProxySecurityGroup: 'sg-1' },
    groups: [{ groupId: 'sg-1', vpcId: 'vpc-0123456789abcdef0' }],
    subnets: [{ subnetId: 'subnet-0123456789abcdef0', vpcId: 'vpc-0123456789abcdef0', availabilityZone: 'eu-west-2a' }],
    zones: ['eu-west-2a'],
  };
  const [{ subnetId, vpcId }] = beside.subnets as unknown as [{ subnetId: string; vpcId: string }];
  const there = { vpcId, publicSubnetIds: [subnetId], clusters: ['default'] };
  const groups = [{ groupId: 'sg-1', vpcId: 'vpc-2' }];
  const fixed = 'it cannot change after the first deploy. Set it back, or deploy another stage';

  const own = 'vpcId: the stage has a network of its own, vpc-1, and no vpcId';
  it.each([
    ['a range', whole, { vpcCidr: '10.78.0.0/16' }, "vpcCidr: the stage's network is 10.77.0.0/16, not 10.78.0.0/16"],
    ['a network of its own', { ...beside, ...whole }, there, own],
    ['a network of others', beside, {}, `vpcId: the stage is in ${there.vpcId}, not in a network of its own`],
    ['another network of others', { ...beside, groups }, there, `vpcId: the stage is in vpc-2, not ${there.vpcId}`],
    ['not the same range in other words', whole, { vpcCidr: '10.77.5.9/16' }, undefined],
  ])('is %s', async (_, has, settings, fault) => {
    aws.says = account(has);

    expect((await said(settings)).stopped?.split('\n  ').slice(1)).toStrictEqual(fault && [`${fault}; ${fixed}`]);
  });

  it('beside what is there: reports subnets that do not exist, and zones without the instance type', async () => {
    aws.says = account({ ...beside, zones: ['eu-west-2b'] });

    const foreign = 'subnet-0fedcba9876543210';
    const faults = async (...publicSubnetIds: string[]) =>
      (await said({ ...there, publicSubnetIds })).stopped?.split('\n  ').slice(1);
    expect(await faults(...there.publicSubnetIds, foreign)).toStrictEqual([
      'publicSubnetIds: this account has no subnet-0fedcba9876543210 in this region',
      expect.stringMatching(
        /^proxyInstanceType: there is no t4g.nano in the zones of publicSubnetIds \(eu-west-2a\); .*Values=eu-west-2a /,
      ),
    ]);
    // Of the zones of subnets that are not there nothing is said.
    aws.says = account({ ...beside, subnets: [], zones: ['eu-west-2b'] });
    expect(await faults(foreign)).toHaveLength(1);
  });
});

describe('a right that is missing', () => {
  const denied = (action: string) => deniedBy('You', action);

  it('is reported in a line each, and the rest is looked at', async () => {
    aws.says = {
      ...account({ plan: 'FREE', types: ['t4g.small'] }),
      DescribeStacks: denied('cloudformation:DescribeStacks'),
      GetAccountPlanState: denied('freetier:GetAccountPlanState'),
      GetEbsDefaultKmsKeyId: denied('ec2:GetEbsDefaultKmsKeyId'),
      CreateServiceLinkedRole: denied('iam:CreateServiceLinkedRole'),
    };

    expect(await said({ proxyInstanceType: 't4g.small' })).toStrictEqual({
      stopped: undefined,
      hints: [
        'not checked: the stack, because you may not call cloudformation:DescribeStacks',
        'not checked: the plan of the account, because you may not call freetier:GetAccountPlanState',
        'not created: the roles of AWS services, because you may not call iam:CreateServiceLinkedRole',
      ],
      forced: false,
    });
    expect(aws.asked.filter((asked) => asked.includes('CreateServiceLinkedRole'))).toHaveLength(3);
  });

  it('of one service hides nothing of the others, and the first deploy goes on', async () => {
    aws.says = {
      ...account({ clusters: [{ clusterName: 'sluice-prod', status: 'ACTIVE' }] }),
      GetHostedZone: denied('route53:GetHostedZone'),
      DescribeAddresses: denied('ec2:DescribeAddresses'),
      DescribeInstanceTypeOfferings: denied('ec2:DescribeInstanceTypeOfferings'),
      GetEbsDefaultKmsKeyId: denied('ec2:GetEbsDefaultKmsKeyId'),
    };

    expect(await said()).toStrictEqual({
      stopped: expect.stringContaining('cluster sluice-prod exists'),
      hints: [
        'not checked: the hosted zone and its records, because you may not call route53:GetHostedZone',
        'not checked: whether the instance types are offered, because you may not call ec2:DescribeInstanceTypeOfferings',
        'not checked: the quota of addresses, because you may not call ec2:DescribeAddresses',
        'not checked: the delegation of hosted zone Z0SLUICETEST, because you may not call route53:GetHostedZone',
        'not checked: the key of new volumes, because you may not call ec2:GetEbsDefaultKmsKeyId',
      ],
      forced: false,
    });
  });
});

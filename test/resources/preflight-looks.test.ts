import { verifySignature } from '../../scripts/local/api/signature';
import { account, refusedByEc2, whole } from './played-account';
import { playedAws, refusal } from './played-aws';
import { playedDns } from './played-dns';
import { deploying } from './plugin';

const aws = playedAws();
const world = playedDns();

/** What the plugin says before a deploy, the settings being the defaults but these. */
const said = (settings: object = {}, options = {}) => deploying(aws, settings, options);

it('a first deploy into a fresh account, and one over what is there, have nothing in the way', async () => {
  aws.says = account();
  expect(await said()).toStrictEqual({ stopped: undefined, hints: [], forced: false });

  aws.says = account({ ...whole, quota: 1 });
  expect(await said()).toStrictEqual({ stopped: undefined, hints: [], forced: false });
});

it('all faults are told at once, and nothing is created', async () => {
  aws.says = account({ plan: 'FREE', clusters: [{ clusterName: 'sluice-prod', status: 'ACTIVE' }] });
  world.records = [];

  const { stopped } = await said({ taskCapacity: 'on-demand' });

  expect(stopped).toMatch(/^Nothing was changed:\n {2}cluster sluice-prod exists/);
  expect(stopped).toMatch(/\n {2}proxyInstanceType: this account is on AWS's free plan/);
  expect(stopped).toMatch(/\n {2}hosted zone Z0SLUICETEST: by public DNS example.com has no name servers/);
  expect(aws.asked.filter((request) => request.includes('CreateServiceLinkedRole'))).toStrictEqual([]);
});

describe('the account', () => {
  it.each([
    [
      'may not launch the types of the settings on its plan',
      { plan: 'FREE' },
      {},
      "proxyInstanceType: this account is on AWS's free plan, which has no t4g.nano; take t4g.micro, t4g.small, or upgrade",
      "taskInstanceTypes: this account is on AWS's free plan, which has no t4g.medium, m6g.medium, m7g.medium; take",
    ],
    [
      'has no address left',
      { addresses: [1, 2, 3, 4].map((n) => ({ publicIp: `192.0.2.${n}` })) },
      { proxies: 2 },
      'quota of Elastic IP addresses: this deploy needs 2 more, and the account has 4 of 5 in this region; free some, or ask',
    ],
    [
      'has no network left',
      { networks: [1, 2, 3, 4, 5].map((n) => ({ vpcId: `vpc-${n}` })) },
      {},
      'quota of VPCs: this deploy needs 1 more, and the account has 5 of 5 in this region',
    ],
    [
      'has too few vCPUs for the proxies',
      {},
      { proxies: 3 },
      'quota of on-demand vCPUs: this deploy needs 6 more, and the account has 0 of 5 in this region',
    ],
    [
      'runs too many instances already',
      { instances: [{ instanceType: 'm5.large', cpuOptions: { coreCount: 2, threadsPerCore: 2 } }] },
      {},
      'quota of on-demand vCPUs: this deploy needs 2 more, and the account has 4 of 5 in this region',
    ],
    [
      'runs too many Spot instances already',
      {
        instances: [
          { instanceType: 'm5.large', instanceLifecycle: 'spot', cpuOptions: { coreCount: 5, threadsPerCore: 1 } },
        ],
      },
      {},
      'quota of Spot vCPUs: this deploy needs 1 more, and the account has 5 of 5 in this region',
    ],
    [
      'has another cluster of that name',
      { clusters: [{ clusterName: 'sluice-prod', status: 'ACTIVE' }] },
      {},
      "cluster sluice-prod exists and is not this stack's: choose another --stage, or deploy beside it (docs/adopting.md); delete it only if no one needs it (`aws ecs delete-cluster --cluster sluice-prod --region eu-west-2`)",
    ],
    [
      'is in a region without the type',
      { types: ['t4g.nano'] },
      {},
      'taskInstanceTypes: there is no t4g.small, t4g.medium, m6g.medium, m7g.medium in eu-west-2; `aws ec2 describe-instance-type',
    ],
  ])('%s', async (_, has, settings, ...faults) => {
    aws.says = account(has);

    const { stopped } = await said(settings);

    for (const fault of faults) expect(stopped).toContain(`\n  ${fault}`);
    expect(stopped?.split('\n')).toHaveLength(1 + faults.length);
  });

  it('may have just as much as the deploy needs', async () => {
    const addresses = [1, 2, 3, 4].map((n) => ({ publicIp: `192.0.2.${n}` }));
    const networks = [1, 2, 3, 4].map((n) => ({ vpcId: `vpc-${n}` }));
    const instances = [{ instanceType: 'c5.large', cpuOptions: { coreCount: 3, threadsPerCore: 1 } }];
    aws.says = account({ addresses, networks, instances });

    expect((await said()).stopped).toBeUndefined();
  });

  it('needs no room for what is there already, nor for instances that other quotas count', async () => {
    aws.says = account({ ...whole, quota: 0 });
    expect((await said()).stopped).toBeUndefined();

    aws.says = account({
      instances: [{ instanceType: 'g4dn.xlarge', cpuOptions: { coreCount: 4, threadsPerCore: 2 } }],
    });
    expect((await said()).stopped).toBeUndefined();
  });

  it('encrypts volumes with a key of its own, and has a plan that may lack Spot: told, and no obstacle', async () => {
    const key = 'arn:aws:kms:eu-west-2:123456789012:key/1';
    aws.says = account({ key, plan: 'FREE', types: ['t4g.micro', 't4g.small'] });

    expect(await said({ proxyInstanceType: 't4g.micro', taskInstanceTypes: ['t4g.small'] })).toStrictEqual({
      stopped: undefined,
      hints: [
        expect.stringMatching(
          `^new volumes are encrypted with ${key}: no instance starts unless .*aws kms create-grant`,
        ),
        expect.stringMatching(/^taskCapacity: spot: .*`taskCapacity: on-demand` is sure$/),
      ],
      forced: false,
    });
  });
});

describe('what is fixed after the first deploy', () => {
  const beside = {
    status: 'UPDATE_COMPLETE',
    resources: { ProxyGroup1: 'g', ProxyAddress1: 'a', ProxySecurityGroup: 'sg-1' },
    groups: [{ groupId: 'sg-1', vpcId: 'vpc-0123456789abcdef0' }],
    subnets: [{ subnetId: 'subnet-0123456789abcdef0', vpcId: 'vpc-0123456789abcdef0', availabilityZone: 'eu-west-2a' }],
    zones: ['eu-west-2a'],
  };
  const there = {
    vpcId: 'vpc-0123456789abcdef0',
    publicSubnetIds: ['subnet-0123456789abcdef0'],
    clusters: ['default'],
  };
  const fixed = 'it cannot change after the first deploy. Set it back, or deploy another stage';

  it.each([
    [
      'a range',
      whole,
      { vpcCidr: '10.78.0.0/16' },
      `vpcCidr: the stage's network is 10.77.0.0/16, not 10.78.0.0/16; ${fixed}`,
    ],
    [
      'a network of its own',
      { ...beside, ...whole },
      there,
      `vpcId: the stage has a network of its own, vpc-1, and no vpcId; ${fixed}`,
    ],
    [
      'a network of others',
      beside,
      {},
      `vpcId: the stage is in vpc-0123456789abcdef0, not in a network of its own; ${fixed}`,
    ],
    [
      'another network of others',
      { ...beside, groups: [{ groupId: 'sg-1', vpcId: 'vpc-2' }] },
      there,
      `vpcId: the stage is in vpc-2, not ${there.vpcId}; ${fixed}`,
    ],
  ])('is %s', async (_, has, settings, fault) => {
    aws.says = account(has);

    expect((await said(settings)).stopped?.split('\n  ')).toContain(fault);
  });

  it('is not the same range in other words', async () => {
    aws.says = account(whole);

    expect((await said({ vpcCidr: '10.77.5.9/16' })).stopped).toBeUndefined();
  });

  it('beside what is there: subnets of another network, of nobody, and zones without the type', async () => {
    aws.says = account({ ...beside, zones: ['eu-west-2b'] });

    expect(
      (
        await said({ ...there, publicSubnetIds: [...there.publicSubnetIds, 'subnet-0fedcba9876543210'] })
      ).stopped?.split('\n  '),
    ).toStrictEqual([
      'Nothing was changed:',
      'publicSubnetIds: this account has no subnet-0fedcba9876543210 in this region',
      expect.stringMatching(
        /^proxyInstanceType: there is no t4g.nano in the zones of publicSubnetIds \(eu-west-2a\); .*Values=eu-west-2a /,
      ),
    ]);
    // Of the zones of subnets that are not there nothing is said.
    aws.says = account({ ...beside, subnets: [], zones: ['eu-west-2b'] });
    expect(
      (await said({ ...there, publicSubnetIds: ['subnet-0fedcba9876543210'] })).stopped?.split('\n  '),
    ).toHaveLength(2);
  });
});

it('quotas and the plan are asked for with a right signature', async () => {
  const [keys, signed] = [
    { accessKeyId: 'AKIALOCAL', secretAccessKey: 'secret', sessionToken: '' },
    [] as Promise<void>[],
  ];
  aws.says = account();
  aws.also = ({ method = '', url = '', headers }, body) => {
    if (/GetServiceQuota|GetAccountPlanState/.test(String(headers['x-amz-target'])))
      signed.push(verifySignature({ method, url, headers, body }, keys));
    return undefined;
  };

  await said();

  expect(await Promise.all(signed)).toHaveLength(5);
});

describe('a right that is missing', () => {
  it('is told in a line each, and the rest is looked at', async () => {
    const denied = (action: string) =>
      `User: arn:aws:iam::123456789012:user/you is not authorized to perform: ${action} on resource: *`;
    aws.says = {
      ...account({ plan: 'FREE', types: ['t4g.small'] }),
      DescribeStacks: refusal(403, 'AccessDenied', denied('cloudformation:DescribeStacks')),
      GetAccountPlanState: [
        400,
        JSON.stringify({ __type: 'AccessDeniedException', message: denied('freetier:GetAccountPlanState') }),
      ],
      GetEbsDefaultKmsKeyId: refusedByEc2(
        'UnauthorizedOperation',
        `You are not authorized to perform this operation. ${denied('ec2:GetEbsDefaultKmsKeyId')}`,
      ),
      CreateServiceLinkedRole: refusal(403, 'AccessDenied', denied('iam:CreateServiceLinkedRole')),
    };

    expect(await said({ proxyInstanceType: 't4g.small' })).toStrictEqual({
      stopped: undefined,
      hints: [
        'not looked at: the stack, because you may not call cloudformation:DescribeStacks',
        'not looked at: the plan of the account, because you may not call freetier:GetAccountPlanState',
        'not created: the roles in which AWS itself works, because you may not call iam:CreateServiceLinkedRole',
      ],
      forced: false,
    });
  });

  it('of one service hides nothing of the others, and the first deploy goes on', async () => {
    const denied = (action: string) => `User: you is not authorized to perform: ${action} on resource: *`;
    const ec2 = (action: string) => refusedByEc2('UnauthorizedOperation', denied(`ec2:${action}`));
    aws.says = {
      ...account({ clusters: [{ clusterName: 'sluice-prod', status: 'ACTIVE' }] }),
      GetHostedZone: refusal(403, 'AccessDenied', denied('route53:GetHostedZone')),
      DescribeAddresses: ec2('DescribeAddresses'),
      DescribeInstanceTypeOfferings: ec2('DescribeInstanceTypeOfferings'),
      GetEbsDefaultKmsKeyId: ec2('GetEbsDefaultKmsKeyId'),
    };

    expect(await said()).toStrictEqual({
      stopped: expect.stringContaining('cluster sluice-prod exists'),
      hints: [
        'not looked at: the hosted zone and its records, because you may not call route53:GetHostedZone',
        'not looked at: where the instance types are to be had, because you may not call ec2:DescribeInstanceTypeOfferings',
        'not looked at: the quota of addresses, because you may not call ec2:DescribeAddresses',
        'not looked at: the delegation of hosted zone Z0SLUICETEST, because you may not call route53:GetHostedZone',
        'not looked at: the key of new volumes, because you may not call ec2:GetEbsDefaultKmsKeyId',
      ],
      forced: false,
    });
  });
});

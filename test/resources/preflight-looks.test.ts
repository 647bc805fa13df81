import { account, whole } from './played-account';
import { playedAws } from './played-aws';
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

it('without acceptance of the terms AWS is asked for nothing', async () => {
  expect((await said({ acceptTerms: false })).stopped).toBe(
    'Nothing was changed:\n  acceptTerms: read https://letsencrypt.org/repository/ and set it to true: without it no' +
      ' certificate can be had',
  );
  expect(aws.asked).toStrictEqual([]);
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

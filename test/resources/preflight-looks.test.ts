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
      ' certificate can be issued',
  );
  expect(aws.asked).toStrictEqual([]);
});

it('all faults are reported at once, and nothing is created', async () => {
  aws.says = account({ plan: 'FREE', clusters: [{ clusterName: 'sluice-prod', status: 'ACTIVE' }] });
  world.records = [];

  const { stopped } = await said({ taskCapacity: 'on-demand' });

  expect(stopped).toMatch(/^Nothing was changed:\n {2}cluster sluice-prod exists/);
  expect(stopped).toMatch(/\n {2}proxyInstanceType: this account is on AWS's free plan/);
  expect(stopped).toMatch(/\n {2}hosted zone Z0SLUICETEST: by public DNS example.com has no name servers/);
  expect(aws.asked.filter((request) => request.includes('CreateServiceLinkedRole'))).toStrictEqual([]);
});

const beside = { vpcId: 'vpc-0123456789abcdef0', publicSubnetIds: ['subnet-0123456789abcdef0'], clusters: ['default'] };
it.each([
  ['for hosts on Spot', { taskCapacity: 'spot' }, ['autoscaling', 'ecs', 'spot']],
  ['for hosts on demand', { taskCapacity: 'on-demand' }, ['autoscaling', 'ecs']],
  ['beside what is there', beside, ['autoscaling']],
])('the roles of AWS services are created %s; those that exist are no fault', async (_, settings, roles) => {
  const subnet = { subnetId: 'subnet-0123456789abcdef0', vpcId: beside.vpcId, availabilityZone: 'eu-west-2' };
  aws.says = account({ subnets: [subnet], quota: 9 });

  expect(await said(settings)).toMatchObject({ stopped: undefined, hints: [] });

  const created = aws.asked.flatMap((asked) => /AWSServiceName=(\w+)\.amazonaws\.com/.exec(asked)?.[1] ?? []);
  expect(created).toStrictEqual(roles);
});

describe('the account', () => {
  const many = (count: number, of: (n: number) => object) => Array.from({ length: count }, (_, n) => of(n));
  const addresses = (count: number) => many(count, (n) => ({ publicIp: `192.0.2.${n}` })) as never;
  const networks = (count: number) => many(count, (n) => ({ vpcId: `vpc-${n}` })) as never;
  const cores = (instanceType: string, coreCount: number, threadsPerCore: number, more = {}) => [
    { instanceType, cpuOptions: { coreCount, threadsPerCore }, ...more },
  ];
  const free = "this account is on AWS's free plan, which has no";
  const quota = (of: string, needs: number, has: number) =>
    `quota of ${of}: this deploy needs ${needs} more, and the account has ${has} of 5 in this region`;
  const clusters = [{ clusterName: 'sluice-prod', status: 'ACTIVE' }];
  const otherCluster =
    "cluster sluice-prod exists and is not this stack's: choose another --stage, or deploy beside it (docs/adopting.md); delete it only if no one needs it (`aws ecs delete-cluster --cluster sluice-prod --region eu-west-2`)";
  const types = 't4g.small, t4g.medium, m6g.medium, m7g.medium';
  const spot = cores('m5.large', 5, 1, { instanceLifecycle: 'spot' });

  it.each<[string, Parameters<typeof account>[0], object, ...string[]]>([
    [
      ...(['may not launch the types of the settings on its plan', { plan: 'FREE' }, {}] as const),
      `proxyInstanceType: ${free} t4g.nano; use t4g.micro, t4g.small, or upgrade`,
      `taskInstanceTypes: ${free} t4g.medium, m6g.medium, m7g.medium; use`,
    ],
    ['has no address left', { addresses: addresses(4) }, { proxies: 2 }, quota('Elastic IP addresses', 2, 4)],
    ['has no network left', { networks: networks(5) }, {}, quota('VPCs', 1, 5)],
    ['has too few vCPUs for the proxies', {}, { proxies: 3 }, quota('on-demand vCPUs', 6, 0)],
    ['runs too many instances', { instances: cores('m5.large', 2, 2) }, {}, quota('on-demand vCPUs', 2, 4)],
    ['runs too many Spot instances', { instances: spot }, {}, quota('Spot vCPUs', 1, 5)],
    ['has another cluster of that name', { clusters }, {}, otherCluster],
    ['is in a region without the type', { types: ['t4g.nano'] }, {}, `taskInstanceTypes: there is no ${types} in eu-`],
  ])('%s', async (_, has, settings, ...faults) => {
    aws.says = account(has);

    const { stopped } = await said(settings);

    for (const fault of faults) expect(stopped).toContain(`\n  ${fault}`);
    expect(stopped?.split('\n')).toHaveLength(1 + faults.length);
  });

  it.each<[string, Parameters<typeof account>[0]]>([
    [
      'may have as much as the deploy needs',
      { addresses: addresses(4), networks: networks(4), instances: cores('c5.large', 3, 1) },
    ],
    ['needs no room for what is there already', { ...whole, quota: 0 }],
    ['needs no room for instances that other quotas count', { instances: cores('g4dn.xlarge', 4, 2) }],
  ])('%s', async (_, has) => {
    aws.says = account(has);

    expect((await said()).stopped).toBeUndefined();
  });

  it('encrypts volumes with a key of its own, and has a plan that may lack Spot: both are hints, and stop nothing', async () => {
    const key = 'arn:aws:kms:eu-west-2:123456789012:key/1';
    aws.says = account({ key, plan: 'FREE', types: ['t4g.micro', 't4g.small'] });

    expect(await said({ proxyInstanceType: 't4g.micro', taskInstanceTypes: ['t4g.small'] })).toStrictEqual({
      stopped: undefined,
      hints: [
        expect.stringMatching(
          `^new volumes are encrypted with ${key}: no instance starts unless .*aws kms create-grant`,
        ),
        expect.stringMatching(/^taskCapacity: spot: .*`taskCapacity: on-demand` is safe$/),
      ],
      forced: false,
    });
  });
});

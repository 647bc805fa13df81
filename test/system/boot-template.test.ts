import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { smallest } from '../../lib/haproxy/limits';
import type { variants } from '../../scripts/real/package';
import { type Template, templateOf } from './packaged';

type Part = string | object;
type Launch = {
  ImageId: string;
  UserData: { 'Fn::Base64': { 'Fn::Join': [string, Part[]] } };
  NetworkInterfaces: object[];
  TagSpecifications: { ResourceType: string; Tags: object[] }[];
};
type Group = Record<string, unknown>;

const file = (name: string) => readFileSync(join(__dirname, '../../resources/instance', name), 'utf8');

const all: Partial<Record<keyof typeof variants, Template>> = {};
beforeAll(async () => {
  for (const variant of ['default', 'beside', 'twoProxies'] as const) all[variant] = await templateOf(variant);
});

const of = (variant: keyof typeof variants) => all[variant] as Template;
const launch = (variant: keyof typeof variants, slot = 1) =>
  of(variant).properties<{ LaunchTemplateData: Launch }>(`ProxyTemplate${slot}`).LaunchTemplateData;
const group = (variant: keyof typeof variants, slot = 1) => of(variant).properties<Group>(`ProxyGroup${slot}`);

/** As cloud-init gets it; what CloudFormation fills in stands in angle brackets. */
function userData(variant: keyof typeof variants, slot = 1): string {
  const [mark, parts] = launch(variant, slot).UserData['Fn::Base64']['Fn::Join'];
  return parts
    .map((part) => (typeof part === 'string' ? part : `<${Object.values(part).flat().join('.')}>`))
    .join(mark);
}
const config = (variant: keyof typeof variants, slot = 1) =>
  JSON.parse(userData(variant, slot).replace('#cloud-config\n', '')) as {
    swap: object;
    write_files: { path: string; content: string; permissions?: string }[];
    runcmd: string[][];
  };
const content = (path: string, variant: keyof typeof variants = 'default', slot = 1) =>
  config(variant, slot).write_files.find((each) => each.path === path)?.content;

describe('user data', () => {
  it.each([
    ['/var/lib/sluice/bootstrap.sh', 'bootstrap.sh'],
    ['/etc/systemd/system/haproxy.service.d/sluice.conf', 'haproxy.conf'],
    ['/etc/systemd/system/sluice-pull.service', 'sluice-pull.service'],
    ['/etc/apt/apt.conf.d/52sluice', 'security-updates.conf'],
    ['/etc/amazon/ssm/amazon-ssm-agent.json', 'amazon-ssm-agent.json'],
  ])('carries %s byte for byte, so the packager resolved no variable in it', (path, name) => {
    expect(content(path)).toBe(file(name));
  });

  it('is a short #cloud-config, far below the 16 KB that EC2 takes', () => {
    expect(userData('twoProxies', 2)).toMatch(/^#cloud-config\n/);
    expect(userData('twoProxies', 2).length).toBeLessThan(8_000);
    expect(config('default').runcmd).toStrictEqual([['sh', '/var/lib/sluice/bootstrap.sh']]);
  });

  it('tells each slot its own address and group, and where its stage is', () => {
    expect(content('/var/lib/sluice/environment', 'twoProxies', 2)?.split('\n')).toStrictEqual([
      'AWS_REGION=<AWS::Region>',
      'AWS_DOMAIN=<AWS::URLSuffix>',
      'SLUICE_PREFIX=/sluice/dev',
      'SLUICE_DOCUMENT=<SyncDocument>',
      'SLUICE_SLOT=2',
      'SLUICE_ADDRESS=<ProxyAddress2.AllocationId>',
      'SLUICE_GROUP=sluice-dev-proxy-2',
      'SLUICE_HOOK=serves',
      // Of the default type; test/resources/limits.test.ts has the others.
      ...Object.entries(smallest).map(([name, value]) => `${name}=${value}`),
      '',
    ]);
  });

  it('holds no secret, and only root may read the files that it writes', () => {
    expect(userData('default')).not.toMatch(/BEGIN|AKIA|ASIA|secret/);
    for (const { path, permissions } of config('default').write_files)
      expect([path, permissions]).toStrictEqual([path, path.startsWith('/var/') ? '0600' : undefined]);
  });
});

it('the agent keeps the runs of a day, not of two weeks, so that nudges every ten seconds do not fill a disk of 8 GB', async () => {
  const kept = JSON.parse(content('/etc/amazon/ssm/amazon-ssm-agent.json') ?? '{}') as {
    Ssm: { RunCommandLogsRetentionDurationHours: number };
  };
  const hours = kept.Ssm.RunCommandLogsRetentionDurationHours;
  // The agent keeps each run's script, and the document that brought it (amazon-ssm-agent: orchestration and state folders).
  const bytes = 2 * JSON.stringify(of('default').properties<{ Content: object }>('SyncDocument').Content).length;

  // Less than eight it takes for its own two weeks.
  expect(hours).toBeGreaterThanOrEqual(8);
  expect((hours * 3600 * bytes) / 10).toBeLessThan(2e9);
});

describe('what is launched', () => {
  it('is Ubuntu on Arm with unlimited credits, and has a public address before it claims its own', () => {
    expect(launch('default')).toMatchObject({
      InstanceType: 't4g.nano',
      CreditSpecification: { CpuCredits: 'unlimited' },
      BlockDeviceMappings: [{ Ebs: { VolumeType: 'gp3' } }],
      NetworkInterfaces: [{ AssociatePublicIpAddress: true }],
    });
    expect(launch('default').ImageId).toMatch(/ubuntu\/server\/24\.04\/stable\/current\/arm64\/.*gp3/);
  });

  it('is tagged with its interface, by which alone it may claim an address', () => {
    const tag = { Key: 'SluiceProxy', Value: 'dev' };

    for (const { Tags } of launch('default').TagSpecifications) expect(Tags).toContainEqual(tag);
    expect(launch('default').TagSpecifications.map(({ ResourceType }) => ResourceType)).toContain('network-interface');
    expect(of('default').properties<{ Tags: object[] }>('ProxyAddress1').Tags).toContainEqual(tag);
  });
});

describe('a group', () => {
  it('has one instance, launches the successor first, and counts it when it has reported that it serves', () => {
    expect(group('twoProxies', 2)).toMatchObject({
      AutoScalingGroupName: 'sluice-dev-proxy-2',
      MinSize: '1',
      MaxSize: '2',
      HealthCheckType: 'EC2',
      InstanceMaintenancePolicy: { MinHealthyPercentage: 100, MaxHealthyPercentage: 200 },
      LifecycleHookSpecificationList: [
        { LifecycleHookName: 'serves', DefaultResult: 'ABANDON', HeartbeatTimeout: 900 },
      ],
    });
    // A number here would be set again by every deploy.
    expect(group('default')).not.toHaveProperty('DesiredCapacity');
  });

  it('is created after what its boot needs, and deleted before it', () => {
    expect(of('default').resources.ProxyGroup1?.DependsOn).toStrictEqual(
      expect.arrayContaining(['ProxyRole', 'InternetRoute']),
    );
    expect(of('default').resources.ProxyAddress1?.DependsOn).toStrictEqual(['GatewayAttachment']);
    expect(of('beside').resources.ProxyGroup1?.DependsOn).toStrictEqual(['ProxyRole']);
    // By its launch template it refers to the document, the profile and the address.
    expect(JSON.stringify(launch('default'))).toMatch(/SyncDocument.*ProxyAddress1|ProxyAddress1.*SyncDocument/);
  });
});

it('the proxies’ role claims what has the stage’s tag, and names the stage’s groups one by one', () => {
  const statement = (sid: string) =>
    of('twoProxies')
      .statements('ProxyRole')
      .find(({ Sid }) => Sid === sid);

  expect(statement('ClaimAddress')).toMatchObject({
    Action: 'ec2:AssociateAddress',
    Condition: { StringEquals: { 'aws:ResourceTag/SluiceProxy': 'dev' } },
  });
  // A pattern would cover a stage that is called alike.
  const groups = JSON.stringify(statement('CountAsServing')?.Resource).match(/autoScalingGroupName\/[^"]*/g);
  expect(groups).toStrictEqual([1, 2].map((slot) => `autoScalingGroupName/sluice-dev-proxy-${slot}`));
});

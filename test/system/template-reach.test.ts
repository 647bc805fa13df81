import { type Variant, variants } from '../../scripts/local/package/package';
import { type Template, templateOf } from './packaged';

type Rule = {
  SourceSecurityGroupId?: unknown;
  CidrIp?: string;
  CidrIpv6?: string;
  IpProtocol: string;
  FromPort: number;
};

const templates = new Map<Variant, Template>();
beforeAll(async () => {
  for (const variant of Object.keys(variants) as Variant[]) templates.set(variant, await templateOf(variant));
}, 120_000);
const of = (variant: Variant) => templates.get(variant) as Template;
const each = (Object.keys(variants) as Variant[]).map((variant) => [variant] as const);

const proxies = { 'Fn::GetAtt': ['ProxySecurityGroup', 'GroupId'] };
const loadBalancer = { 'Fn::GetAtt': ['LoadBalancerSecurityGroup', 'GroupId'] };
/** Whom the world reaches, and who reaches the tasks. */
const entrances = (variant: Variant) => (variant === 'alb' ? [proxies, loadBalancer] : [proxies]);
const isEntrance = ([group]: [string, Rule]) => /(Proxy|LoadBalancer)SecurityGroup/.test(group);

/** Every rule that lets somebody in, with the group that it is of. */
const admissions = ({ ofType }: Template): [string, Rule][] => [
  ...ofType<{ SecurityGroupIngress?: Rule[] }>('AWS::EC2::SecurityGroup').flatMap(
    ([id, { SecurityGroupIngress = [] }]) => SecurityGroupIngress.map((rule): [string, Rule] => [id, rule]),
  ),
  ...ofType<Rule & { GroupId: unknown }>('AWS::EC2::SecurityGroupIngress').map(([, rule]): [string, Rule] => [
    JSON.stringify(rule.GroupId).replaceAll('"', ''),
    rule,
  ]),
];

describe.each(each)('in variant %s', (variant) => {
  it('the world reaches ports 80 and 443 of the proxies, or of the load balancer, and nothing else', () => {
    const open = admissions(of(variant)).filter(([, rule]) => rule.SourceSecurityGroupId === undefined);

    expect(open).toStrictEqual(open.filter(isEntrance));
    expect([...new Set(open.map(([group]) => group))]).toHaveLength(entrances(variant).length);
    for (const [, { IpProtocol, FromPort }] of open) {
      expect(`${IpProtocol} ${FromPort}`).toMatch(/^tcp (80|443)$/);
    }
  });

  it('tasks are reached by those alone', () => {
    const toTasks = admissions(of(variant)).filter((admission) => !isEntrance(admission));

    expect(toTasks.length).toBeGreaterThan(0);
    for (const [, rule] of toTasks) {
      expect(entrances(variant)).toContainEqual(rule.SourceSecurityGroupId);
      expect(rule).toMatchObject({ IpProtocol: 'tcp' });
      expect(rule).not.toHaveProperty('CidrIp');
    }
  });

  it('instances have no key pair, and metadata by IMDSv2 over one hop', () => {
    const templates = of(variant).ofType<{ LaunchTemplateData: Record<string, unknown> }>('AWS::EC2::LaunchTemplate');

    for (const [, { LaunchTemplateData }] of templates) {
      expect(LaunchTemplateData).not.toHaveProperty('KeyName');
      expect(LaunchTemplateData.MetadataOptions).toMatchObject({ HttpTokens: 'required', HttpPutResponseHopLimit: 1 });
    }
  });

  it('no function and no queue is open to everybody', () => {
    const { ofType, text } = of(variant);

    expect(text).not.toContain('"Principal":"*"');
    expect(ofType('AWS::Lambda::Url')).toStrictEqual([]);
  });
});

describe('what is encrypted', () => {
  it.each(each)('in variant %s: volumes, queues and the bucket of the packager', (variant) => {
    const { ofType } = of(variant);
    type Volumes = { LaunchTemplateData: { BlockDeviceMappings: { Ebs: { Encrypted: boolean } }[] } };

    for (const [, { LaunchTemplateData }] of ofType<Volumes>('AWS::EC2::LaunchTemplate')) {
      expect(LaunchTemplateData.BlockDeviceMappings.length).toBeGreaterThan(0);
      expect(LaunchTemplateData.BlockDeviceMappings.filter(({ Ebs }) => !Ebs.Encrypted)).toStrictEqual([]);
    }
    for (const [, queue] of ofType('AWS::SQS::Queue')) expect(queue).toMatchObject({ SqsManagedSseEnabled: true });
    for (const [, bucket] of ofType('AWS::S3::Bucket')) expect(bucket).toHaveProperty('BucketEncryption');
  });

  it.each(each)('in variant %s: by no key of AWS that events and alarms cannot use', (variant) => {
    expect(of(variant).text).not.toMatch(/alias\/aws\/(sqs|sns)/);
  });
});

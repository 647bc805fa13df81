import type { Variant } from '../../scripts/real/package';
import { allVariants, type Template, templatesFor } from './packaged';

type Rule = {
  SourceSecurityGroupId?: unknown;
  CidrIp?: string;
  CidrIpv6?: string;
  IpProtocol: string;
  FromPort: number;
};
const of = templatesFor();

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

describe.each(allVariants)('in variant %s', (variant) => {
  it('the internet reaches ports 80 and 443 of the proxies, or of the load balancer, and nothing else', () => {
    const open = admissions(of(variant)).filter(([, rule]) => rule.SourceSecurityGroupId === undefined);

    expect(open).toStrictEqual(open.filter(isEntrance));
    expect([...new Set(open.map(([group]) => group))]).toHaveLength(entrances(variant).length);
    for (const [, { IpProtocol, FromPort }] of open) {
      expect(`${IpProtocol} ${FromPort}`).toMatch(/^tcp (80|443)$/);
    }
  });

  it('only those reach the tasks', () => {
    const toTasks = admissions(of(variant)).filter((admission) => !isEntrance(admission));

    expect(toTasks.length).toBeGreaterThan(0);
    for (const [, rule] of toTasks) {
      expect(entrances(variant)).toContainEqual(rule.SourceSecurityGroupId);
      expect(rule).toMatchObject({ IpProtocol: 'tcp' });
      expect(rule).not.toHaveProperty('CidrIp');
    }
  });

  it('instances have no key pair, metadata by IMDSv2 over one hop, and encrypted volumes', () => {
    type Volumes = { BlockDeviceMappings: { Ebs: { Encrypted: boolean } }[] };
    const templates = of(variant).ofType<{ LaunchTemplateData: Volumes }>('AWS::EC2::LaunchTemplate');

    for (const [, { LaunchTemplateData }] of templates) {
      expect(LaunchTemplateData).not.toHaveProperty('KeyName');
      expect(LaunchTemplateData).toMatchObject({
        MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
      });
      expect(LaunchTemplateData.BlockDeviceMappings.length).toBeGreaterThan(0);
      expect(LaunchTemplateData.BlockDeviceMappings.filter(({ Ebs }) => !Ebs.Encrypted)).toStrictEqual([]);
    }
  });

  it('no function and no queue is public; queues and the packager’s bucket are encrypted', () => {
    const { ofType, text } = of(variant);

    expect(text).not.toContain('"Principal":"*"');
    expect(ofType('AWS::Lambda::Url')).toStrictEqual([]);
    for (const [, queue] of ofType('AWS::SQS::Queue')) expect(queue).toMatchObject({ SqsManagedSseEnabled: true });
    for (const [, bucket] of ofType('AWS::S3::Bucket')) expect(bucket).toHaveProperty('BucketEncryption');
    // Events and alarms cannot use these keys of AWS.
    expect(text).not.toMatch(/alias\/aws\/(sqs|sns)/);
  });
});

import { templatesFor } from './packaged';

const of = templatesFor('beside');
const beside = () => of('beside');

const proxies = { 'Fn::GetAtt': ['ProxySecurityGroup', 'GroupId'] };

describe('beside an existing VPC', () => {
  it('creates no network, cluster, host, service or record', () => {
    const foreign =
      /^AWS::(ECS|Route53|ServiceDiscovery)::|^AWS::EC2::(VPC|Subnet|InternetGateway|Route|RouteTable|NatGateway)/;

    expect(Object.entries(beside().resources).filter(([, { Type }]) => foreign.test(Type))).toStrictEqual([]);
    expect(Object.keys(beside().resources).filter((id) => /^(Task(Host|Capacity)|HelloWorld)/.test(id))).toStrictEqual(
      [],
    );
  });

  it('changes nothing that exists but for one rule in each security group of the settings', () => {
    const rules = beside().ofType<{ GroupId: unknown }>('AWS::EC2::SecurityGroupIngress');
    const given = ['sg-0123456789abcdef0', 'sg-0fedcba9876543210'];
    const ofGroups = rules.filter(([, { GroupId }]) => given.includes(`${GroupId}`));

    expect(ofGroups.map(([, { GroupId }]) => GroupId)).toStrictEqual(given);
    for (const [, rule] of ofGroups)
      expect(rule).toMatchObject({ SourceSecurityGroupId: proxies, IpProtocol: 'tcp', FromPort: 0, ToPort: 65535 });
  });

  it('names those rules after their groups, so that another order replaces no rule', () => {
    expect(Object.keys(beside().resources).filter((id) => id.startsWith('ProxiesInto'))).toStrictEqual([
      'ProxiesIntosg0123456789abcdef0',
      'ProxiesIntosg0fedcba9876543210',
    ]);
  });

  it('refers to each existing resource only to run in it, to read it, or to be let in', () => {
    const holders = (word: string) =>
      Object.entries(beside().resources)
        .filter(([, resource]) => JSON.stringify(resource).includes(word))
        .map(([, { Type }]) => Type);

    expect([...new Set(holders('sg-0'))]).toStrictEqual(['AWS::EC2::SecurityGroupIngress']);
    for (const type of holders('vpc-0123456789abcdef0')) expect(type).toBe('AWS::EC2::SecurityGroup');
    for (const type of holders('subnet-0')) expect(type).toBe('AWS::AutoScaling::AutoScalingGroup');
    for (const type of holders('cluster/jobs')) expect(type).toMatch(/^AWS::(Events::Rule|IAM::Role)$/);
  });

  it('reads all clusters of the settings, and no other', () => {
    const { Environment } = beside().properties<{ Environment: { Variables: { SLUICE_CLUSTERS: string } } }>(
      'ReconcileLambdaFunction',
    );

    expect(Environment.Variables.SLUICE_CLUSTERS).toBe('default,jobs');
    expect(JSON.stringify(beside().statements('ReconcileRole'))).not.toContain('sluice-dev/');
  });
});

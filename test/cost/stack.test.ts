import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { functionGb, looksADay, ownAlarms, ticksAnHour } from '../../scripts/cost/control-plane';
import { albZones, hostGb, systemGb } from '../../scripts/cost/today';
import { packaged, type Variant } from '../../scripts/local/package/package';

jest.setTimeout(120_000);

type Resource = { readonly Type: string; readonly Properties: Readonly<Record<string, unknown>> };
type Alarm = { readonly Metrics?: readonly { readonly MetricStat?: unknown }[] };
type Template = {
  readonly LaunchTemplateData: { readonly BlockDeviceMappings: readonly { Ebs: { VolumeSize: number } }[] };
};

/** What costs nothing by itself, or what is billed by use: queues, functions, schedules, logs. The bucket of deploys holds a few MB. */
const free =
  /^AWS::(IAM|Events|SQS|Lambda|Scheduler|Logs|SSM|SNS|ECS|S3|CloudFormation|CertificateManager|AutoScaling)::|^Custom::|^AWS::ElasticLoadBalancingV2::(Listener|TargetGroup)|^AWS::Route53::RecordSet|^AWS::EC2::(VPC|Subnet|InternetGateway|Route|SecurityGroup|VPCGatewayAttachment)/;
const billed =
  /^AWS::(CloudWatch::Alarm|EC2::EIP|EC2::LaunchTemplate|ElasticLoadBalancingV2::LoadBalancer|Route53::HealthCheck)$/;

describe.each<[Variant, number]>([
  ['default', 1],
  ['twoProxies', 2],
  ['alb', 1],
])('the packaged template, %s', (variant, proxies) => {
  let resources: readonly Resource[];
  const of = <Properties>(type: string) =>
    resources.filter(({ Type }) => Type === type).map(({ Properties }) => Properties as Properties);

  beforeAll(async () => {
    const file = join(await packaged(variant), 'cloudformation-template-update-stack.json');
    resources = Object.values(
      (JSON.parse(readFileSync(file, 'utf8')) as { Resources: Record<string, Resource> }).Resources,
    );
  });

  it('has nothing that the bill forgets', () => {
    const forgotten = resources.map(({ Type }) => Type).filter((type) => !free.test(type) && !billed.test(type));

    expect(forgotten).toStrictEqual([]);
  });

  // An ALB of the bill has an address in each zone that it stands in.
  it('has no load balancer but where one is wanted, in as many zones as are billed', () => {
    const zones = of<{ Subnets: unknown[] }>('AWS::ElasticLoadBalancingV2::LoadBalancer').map(
      ({ Subnets }) => Subnets.length,
    );

    expect(zones).toStrictEqual(variant === 'alb' ? [albZones] : []);
  });

  it('has the addresses, health checks and volumes that are billed', () => {
    const volumes = of<Template>('AWS::EC2::LaunchTemplate')
      .flatMap(({ LaunchTemplateData }) => LaunchTemplateData.BlockDeviceMappings)
      .map(({ Ebs }) => Ebs.VolumeSize);

    expect(of('AWS::EC2::EIP')).toHaveLength(proxies);
    expect(of('AWS::Route53::HealthCheck')).toHaveLength(proxies);
    expect(volumes.sort()).toStrictEqual([hostGb, ...Array.from({ length: proxies }, () => systemGb)].sort());
  });

  // AWS: CloudWatch pricing. An alarm on an expression counts once for each metric in it.
  it('has the alarms that are billed', () => {
    const metrics = of<Alarm>('AWS::CloudWatch::Alarm').map(
      ({ Metrics }) => Metrics?.filter(({ MetricStat }) => MetricStat).length ?? 1,
    );

    expect(metrics.reduce((sum, count) => sum + count, 0)).toBe(ownAlarms(proxies));
  });

  it('ticks, looks and runs as is billed', () => {
    const rates = of<{ ScheduleExpression: string }>('AWS::Scheduler::Schedule').map((each) => each.ScheduleExpression);
    const memory = of<{ MemorySize: number }>('AWS::Lambda::Function').map(({ MemorySize }) => MemorySize);

    expect(rates.sort()).toStrictEqual([`rate(${24 / looksADay} hours)`, `rate(${60 / ticksAnHour} minutes)`]);
    expect(Math.max(...memory) / 1024).toBeLessThanOrEqual(functionGb);
  });
});

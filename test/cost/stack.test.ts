import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { albZones, functionGb, hostGb, looksADay, ownAlarms, systemGb, ticksAnHour } from '../../scripts/cost/rows';
import { packaged, type Variant } from '../../scripts/real/package';

type Properties = {
  readonly LaunchTemplateData: { readonly BlockDeviceMappings: readonly { readonly Ebs: { VolumeSize: number } }[] };
  readonly Metrics?: readonly { readonly MetricStat?: object }[];
  readonly Subnets: readonly string[];
  readonly ScheduleExpression: string;
  readonly MemorySize: number;
};
type Resource = { readonly Type: string; readonly Properties: Properties };

/** Free, or billed by use: queues, functions, schedules, logs. The bucket of deploys holds a few MB. */
const free =
  /^AWS::(IAM|Events|SQS|Lambda|Scheduler|Logs|SSM|SNS|ECS|S3|CloudFormation|CertificateManager|AutoScaling)::|^Custom::|^AWS::ElasticLoadBalancingV2::(Listener|TargetGroup)|^AWS::Route53::RecordSet|^AWS::EC2::(VPC|Subnet|InternetGateway|Route|SecurityGroup|VPCGatewayAttachment)/;
const billed = /^AWS::(CloudWatch::(Alarm|Dashboard)|EC2::(EIP|LaunchTemplate)|.*::LoadBalancer|Route53::HealthCheck)$/;

it.each<[Variant, number]>([
  ['default', 1],
  ['twoProxies', 2],
  ['alb', 1],
])(
  'the packaged template, %s, has what is billed and nothing else that costs',
  async (variant, proxies) => {
    const file = join(await packaged(variant), 'cloudformation-template-update-stack.json');
    const { Resources } = JSON.parse(readFileSync(file, 'utf8')) as { Resources: Record<string, Resource> };
    const all = Object.values(Resources);
    const of = <Found>(type: string, find: (properties: Properties) => Found): Found[] =>
      all.filter(({ Type }) => Type === `AWS::${type}`).map(({ Properties }) => find(Properties));
    const once = () => 1;
    const volumes = of('EC2::LaunchTemplate', ({ LaunchTemplateData }) =>
      LaunchTemplateData.BlockDeviceMappings.map(({ Ebs }) => Ebs.VolumeSize),
    );
    // An alarm on an expression counts once for each metric in it (AWS: CloudWatch pricing).
    const metrics = of('CloudWatch::Alarm', ({ Metrics = [{ MetricStat: {} }] }) =>
      Metrics.filter(({ MetricStat }) => MetricStat),
    );

    expect(all.map(({ Type }) => Type).filter((type) => !free.test(type) && !billed.test(type))).toStrictEqual([]);
    expect(of('EC2::EIP', once)).toHaveLength(proxies);
    expect(of('CloudWatch::Dashboard', once)).toHaveLength(1);
    expect(of('Route53::HealthCheck', once)).toHaveLength(proxies);
    expect(volumes.flat().sort()).toStrictEqual([hostGb, ...Array<number>(proxies).fill(systemGb)].sort());
    expect(metrics.flat()).toHaveLength(ownAlarms(proxies));
    const zones = of('ElasticLoadBalancingV2::LoadBalancer', ({ Subnets }) => Subnets.length);
    expect(zones).toStrictEqual(variant === 'alb' ? [albZones] : []);
    const rates = of('Scheduler::Schedule', ({ ScheduleExpression }) => ScheduleExpression);
    expect(rates.sort()).toStrictEqual([`rate(${24 / looksADay} hours)`, `rate(${60 / ticksAnHour} minutes)`]);
    expect(Math.max(...of('Lambda::Function', ({ MemorySize }) => MemorySize)) / 1024).toBeLessThanOrEqual(functionGb);
  },
  120_000,
);

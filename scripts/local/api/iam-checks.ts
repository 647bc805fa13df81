import { account, region } from '../package/template';

/** One thing that AWS looks up in the caller's policies before it performs a call. */
export type Check = {
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string | string[]>>;
};

type Tagged = { readonly id: string; readonly tags: Readonly<Record<string, string>> };
type Asked = Omit<Check, 'action'>;
/** All fields of inputs that a check below reads. */
type Input = Readonly<
  Record<'Name' | 'Namespace' | 'Path' | 'Id' | 'QueueName' | 'QueueUrl' | 'TopicArn' | 'DocumentName', string> &
    Record<'AllocationId' | 'InstanceId' | 'AutoScalingGroupName', string> &
    Record<'tasks' | 'services' | 'containerInstances' | 'Names', readonly string[]>
> &
  Target & { readonly cluster?: string; readonly Overwrite?: boolean; readonly Changes: readonly RecordChange[] };
type Target = {
  readonly InstanceIds?: readonly string[];
  readonly Targets?: readonly { readonly Key: string; readonly Values: readonly string[] }[];
};
type RecordChange = {
  readonly Action: string;
  readonly ResourceRecordSet: { readonly Name: string; readonly Type: string };
};

/**
 * Lists what AWS checks for a call: resources and condition keys (AWS: Service Authorization Reference).
 *
 * @throws for a call that is not in the table, because what AWS would check is then unknown.
 */
export function checksOf(action: string, input: unknown, instances: readonly Tagged[]): readonly Check[] {
  const found = checks[action];
  if (!found) throw new Error(`the local world does not know what AWS checks for ${action}`);
  return [found(input as Input, instances)].flat().map((asked) => ({ action, ...asked }));
}

const on = (resource: string, context: Asked['context'] = {}): Asked => ({ resource, context });
const anything = () => on('*');
const queue = ({ QueueUrl }: Input) => on(arn('sqs', last(QueueUrl)));
const hostedZone = ({ Id }: Input) => on(`arn:aws:route53:::hostedzone/${Id}`);
const namedParameter = ({ Name }: Input) => parameter(Name);
const namedParameters = ({ Names }: Input) => Names.map((name) => parameter(name));
/** Auto Scaling gives each group an id; here all have the same. */
const scalingGroup = ({ AutoScalingGroupName: name }: Input) =>
  on(arn('autoscaling', `autoScalingGroup:0a1b2c3d-0000-4000-8000-000000000000:autoScalingGroupName/${name}`));

const checks: Readonly<Record<string, (input: Input, all: readonly Tagged[]) => Asked | readonly Asked[]>> = {
  // Without an instance the resource is `*`, and only the condition narrows it (cdklabs/construct-hub, pull request 1207).
  'ecs:ListTasks': ({ cluster }) => on('*', inCluster(cluster)),
  'ecs:DescribeTasks': ({ cluster, tasks }) => inEcs('task', tasks, cluster),
  'ecs:DescribeServices': ({ cluster, services }) => inEcs('service', services, cluster),
  'ecs:DescribeContainerInstances': ({ cluster, containerInstances }) =>
    inEcs('container-instance', containerInstances, cluster),
  'ecs:DescribeTaskDefinition': anything,
  'ec2:DescribeInstances': () => on('*', { 'ec2:Region': region }),
  'ec2:DescribeAddresses': anything,
  // AWS checks the address, the instance and its interface (AWS: actions, resources, and condition keys for Amazon EC2).
  'ec2:AssociateAddress': ({ AllocationId, InstanceId }, all) => [
    owned(`elastic-ip/${AllocationId}`, AllocationId, all),
    owned(`instance/${InstanceId}`, InstanceId, all),
    owned('network-interface/eni-0123456789abcdef0', InstanceId, all),
  ],
  'lambda:GetFunctionConfiguration': ({ Id }) => on(arn('lambda', `function:${Id}`)),
  'autoscaling:CompleteLifecycleAction': scalingGroup,
  'autoscaling:DeleteLifecycleHook': scalingGroup,
  'cloudwatch:PutMetricData': ({ Namespace }) => on('*', { 'cloudwatch:namespace': Namespace }),
  'cloudwatch:DescribeAlarms': anything,
  'sns:ListSubscriptionsByTopic': ({ TopicArn }) => on(TopicArn),
  'sns:Publish': ({ TopicArn }) => on(TopicArn),
  'sqs:GetQueueUrl': ({ QueueName }) => on(arn('sqs', QueueName)),
  'sqs:GetQueueAttributes': queue,
  'sqs:SendMessage': queue,
  'sqs:ChangeMessageVisibility': queue,
  'ssm:DescribeInstanceInformation': anything,
  'ssm:ListDocuments': anything,
  'ssm:GetCommandInvocation': anything,
  'ssm:GetDocument': ({ Name }) => on(arn('ssm', `document/${last(Name)}`)),
  // AWS checks the document, and every instance that is reached (AWS: Run Command, restricting access by tags).
  'ssm:SendCommand': (input, all) => [
    on(arn('ssm', `document/${last(input.DocumentName)}`)),
    ...all
      .filter((each) => isTarget(input, each))
      .map(({ id, tags }) => on(arn('ec2', `instance/${id}`), prefixed('ssm:resourceTag/', tags))),
  ],
  'ssm:GetParameter': namedParameter,
  'ssm:GetParameterHistory': namedParameter,
  'ssm:GetParameters': namedParameters,
  'ssm:DeleteParameter': namedParameter,
  'ssm:DeleteParameters': namedParameters,
  'ssm:PutParameter': ({ Name, Overwrite = false }) => parameter(Name, { 'ssm:Overwrite': String(Overwrite) }),
  // AWS checks the path itself, and no name below it (AWS: Parameter Store, authorizing retrieval of a hierarchy).
  'ssm:GetParametersByPath': ({ Path }) => parameter(Path),
  'route53:GetHostedZone': hostedZone,
  'route53:ListResourceRecordSets': hostedZone,
  'route53:GetChange': ({ Id }) => on(`arn:aws:route53:::change/${Id}`),
  'route53:ChangeResourceRecordSets': (input) => ({ ...hostedZone(input), context: changed(input) }),
};

const arn = (service: string, path: string): string => `arn:aws:${service}:${region}:${account}:${path}`;
const last = (nameOrArn: string): string => nameOrArn.replace(/^.*\//, '');
const prefixed = (prefix: string, tags: Tagged['tags']) =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [prefix + key, value]));

/** The tags of the launch template are on the instance and on its interface. */
const owned = (path: string, id: string, all: readonly Tagged[]): Asked =>
  on(arn('ec2', path), prefixed('aws:ResourceTag/', all.find((each) => each.id === id)?.tags ?? {}));

const inCluster = (cluster = 'default') => ({ 'ecs:cluster': arn('ecs', `cluster/${last(cluster)}`) });

/** A name or an id means a thing in the cluster of the request; an ARN names its own cluster. */
function inEcs(type: string, names: readonly string[], cluster = 'default'): readonly Asked[] {
  const resource = (name: string) => (name.startsWith('arn:') ? name : arn('ecs', `${type}/${last(cluster)}/${name}`));
  return names.map((name) => on(resource(name), inCluster(cluster)));
}

/** A policy names a parameter, never one of its versions or labels (AWS: Parameter Store, working with versions). */
const parameter = (selector: string, context?: Asked['context']): Asked =>
  on(arn('ssm', `parameter/${selector.replace(/^\//, '').replace(/:[^:]*$/, '')}`), context);

/** Names are compared in lower case and without their last dot (AWS: Route 53, condition keys for resource record sets). */
function changed({ Changes }: Input): Asked['context'] {
  const key = 'route53:ChangeResourceRecordSets';
  const all = (value: (change: RecordChange) => string) => [...new Set(Changes.map(value))];
  return {
    [`${key}NormalizedRecordNames`]: all((each) => each.ResourceRecordSet.Name.replace(/\.$/, '').toLowerCase()),
    [`${key}RecordTypes`]: all((each) => each.ResourceRecordSet.Type),
    [`${key}Actions`]: all(({ Action }) => Action),
  };
}

/** Named by its id, or by all of the targets' tags (AWS: SendCommand). */
export const isTarget = ({ InstanceIds = [], Targets = [] }: Target, { id, tags }: Tagged) =>
  InstanceIds.includes(id) ||
  (!id.startsWith('eipalloc-') &&
    Targets.length > 0 &&
    Targets.every(({ Key, Values }) => Key.startsWith('tag:') && Values.includes(tags[Key.slice(4)] ?? '')));

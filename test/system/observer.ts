import type { Handlers } from '../../scripts/local/api/api';
import { refuse } from '../../scripts/local/api/errors';
import type { Aws } from '../../scripts/local/aws';
import { account, readTemplate, region } from '../../scripts/local/package/template';
import type { Proxies } from '../../scripts/local/proxy/proxies';

type Alarm = {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly EvaluationPeriods: number;
  readonly InsufficientDataActions?: readonly string[];
};
type State = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
type Filtered = { readonly Filter: readonly [{ readonly Name: string; readonly Value: readonly string[] }] };
type Names = { readonly AlarmNames: readonly string[] };
type Invocation = { readonly CommandId: string; readonly InstanceId: string };

const topic = `arn:aws:sns:${region}:${account}:sluice-dev-AlarmTopic-0A1B2C3D4E5F`;

type Subscription = 'confirmed' | 'pending' | 'none';
type Observed = { subscription: Subscription; readonly offline: Set<string> };

/** AWS's answers about a stage. Alarms and the subscription are in the states that a test gives them. */
export function observer(aws: Aws, proxies: Proxies) {
  const states = new Map<string, { state: State; since: number }>();
  const state: Observed = { subscription: 'confirmed', offline: new Set() };
  return {
    handlers: {
      ...addresses(aws, proxies),
      ...instances(aws, state),
      ...queues(aws),
      ...alarms(aws, states),
      ...subscriptions(state),
    } as Handlers,
    state,
    alarm: (name: string, to: State, since: number): void =>
      void states.set(`sluice-${aws.stack.stage}-${name}`, { state: to, since }),
  };
}

const addresses = (aws: Aws, proxies: Proxies) => ({
  'ec2:DescribeAddresses': ({ Filter: [filter] }: Filtered) => ({
    addressesSet: proxies.addresses
      .map((address, index) => described(aws, proxies, address, index))
      .filter(({ tagSet }) =>
        tagSet.some(({ key, value }) => `tag:${key}` === filter.Name && filter.Value.includes(value)),
      ),
  }),
});

function described(aws: Aws, proxies: Proxies, { ports, held }: Proxies['addresses'][number], index: number) {
  const { allocationId, tags } = aws.stack.addresses[index] ?? refuse('InvalidAllocationID.NotFound', `${index}`);
  const holder = proxies.launched.find((each) => each.addresses === held());
  return {
    allocationId,
    publicIp: `127.0.0.1:${ports.https}`,
    ...(holder && { instanceId: holder.id }),
    tagSet: Object.entries(tags).map(([key, value]) => ({ key, value })),
  };
}

const instances = (aws: Aws, { offline }: Observed) => ({
  'ssm:DescribeInstanceInformation': () => ({
    InstanceInformationList: aws.instances.map(({ id }) => ({
      InstanceId: id,
      PingStatus: offline.has(id) ? 'ConnectionLost' : 'Online',
    })),
  }),
  // Known a moment after the command was sent (AWS: GetCommandInvocation).
  'ssm:GetCommandInvocation': ({ CommandId, InstanceId }: Invocation) => {
    const command = aws.commands.commands.find(({ id }) => id === CommandId);
    if (!command?.invocations.has(InstanceId)) return refuse('InvocationDoesNotExist', '');
    const output = command.invocations.get(InstanceId);
    const Status = output === undefined ? 'InProgress' : output.code === 0 ? 'Success' : 'Failed';
    return { CommandId, InstanceId, Status, StandardOutputContent: output?.lines.join('\n').slice(0, 24_000) ?? '' };
  },
});

function queues(aws: Aws) {
  const queue = (name: string) =>
    aws.queues.find((each) => each.name === name) ?? refuse('QueueDoesNotExist', 'The specified queue does not exist.');
  return {
    'sqs:GetQueueUrl': ({ QueueName }: { QueueName: string }) => ({
      QueueUrl: `${aws.api.endpoint}/${account}/${queue(QueueName).name}`,
    }),
    'sqs:GetQueueAttributes': ({ QueueUrl }: { QueueUrl: string }) => {
      const { name, messages } = queue(QueueUrl.replace(/^.*\//, ''));
      const all = name.includes('dead') ? aws.deadLetters : messages;
      const hidden = all.filter(({ invisibleUntil }) => invisibleUntil > Date.now()).length;
      const counts = {
        ApproximateNumberOfMessages: all.length - hidden,
        ApproximateNumberOfMessagesNotVisible: hidden,
      };
      return { Attributes: Object.fromEntries(Object.entries(counts).map(([key, count]) => [key, `${count}`])) };
    },
  };
}

function alarms(aws: Aws, states: ReadonlyMap<string, { readonly state: State; readonly since: number }>) {
  const packaged = readTemplate(aws.stack.folder, '')<Alarm>('AWS::CloudWatch::Alarm');
  const shown = (alarm: Alarm) => {
    const { state: StateValue, since } = states.get(alarm.AlarmName) ?? { state: 'OK', since: 0 };
    const actions = {
      AlarmActions: [topic],
      ...(alarm.InsufficientDataActions && { InsufficientDataActions: [topic] }),
    };
    return { ...alarm, ...actions, StateValue, StateUpdatedTimestamp: since / 1000 };
  };
  return {
    'cloudwatch:DescribeAlarms': ({ AlarmNames }: Names) => ({
      MetricAlarms: packaged
        .map(({ properties }) => shown(properties))
        .filter(({ AlarmName }) => AlarmNames.includes(AlarmName)),
    }),
  };
}

const subscriptions = (state: Observed) => ({
  'sns:ListSubscriptionsByTopic': ({ TopicArn }: { TopicArn: string }) => {
    if (TopicArn !== topic) refuse('NotFound', 'Topic does not exist');
    const SubscriptionArn = state.subscription === 'pending' ? 'PendingConfirmation' : `${topic}:1`;
    const member = { Endpoint: 'hostmaster@sluice.test', Protocol: 'email', SubscriptionArn, TopicArn };
    const Subscriptions = state.subscription === 'none' ? {} : { member };
    return { ListSubscriptionsByTopicResult: { Subscriptions } };
  },
});

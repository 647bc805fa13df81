import type { Handlers } from '../../scripts/local/api/api';
import { refuse } from '../../scripts/local/api/errors';
import type { Aws } from '../../scripts/local/aws';
import { countMessages } from '../../scripts/local/events/sqs';
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

/** What AWS tells of a stage to somebody who looks. Alarms and the subscription are in the states that a test gives them. */
export function observer(aws: Aws, proxies: Proxies) {
  const alarms = readTemplate(
    aws.stack.folder,
    '',
  )<Alarm>('AWS::CloudWatch::Alarm').map(({ properties }) => properties);
  const states = new Map<string, { state: State; since: number }>();
  const state = { subscription: 'confirmed' as 'confirmed' | 'pending' | 'none', offline: new Set<string>() };

  const queue = (name: string) =>
    aws.queues.find((each) => each.name === name) ?? refuse('QueueDoesNotExist', 'The specified queue does not exist.');
  const online = (id: string) => aws.instances.some((each) => each.id === id) && !state.offline.has(id);

  const handlers: Handlers = {
    'ec2:DescribeAddresses': ({ Filter: [filter] }: Filtered) => ({
      addressesSet: proxies.addresses
        .map(described)
        .filter(({ tagSet }) =>
          tagSet.some(({ key, value }) => `tag:${key}` === filter.Name && filter.Value.includes(value)),
        ),
    }),
    'ssm:DescribeInstanceInformation': () => ({
      InstanceInformationList: aws.instances.map(({ id }) => ({
        InstanceId: id,
        PingStatus: online(id) ? 'Online' : 'ConnectionLost',
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
    'sqs:GetQueueUrl': ({ QueueName }: { QueueName: string }) => ({
      QueueUrl: `${aws.api.endpoint}/${account}/${queue(QueueName).name}`,
    }),
    'sqs:GetQueueAttributes': ({ QueueUrl }: { QueueUrl: string }) => {
      const { name } = queue(QueueUrl.replace(/^.*\//, ''));
      const [waiting, hidden] = name.includes('dead')
        ? [aws.deadLetters.length, 0]
        : countMessages(queue(name), Date.now());
      const Attributes = { ApproximateNumberOfMessages: waiting, ApproximateNumberOfMessagesNotVisible: hidden };
      return { Attributes: Object.fromEntries(Object.entries(Attributes).map(([key, value]) => [key, `${value}`])) };
    },
    'cloudwatch:DescribeAlarms': ({ AlarmNames }: Names) => ({
      MetricAlarms: alarms
        .filter(({ AlarmName }) => AlarmNames.includes(AlarmName))
        .map((alarm) => {
          const { state: StateValue, since } = states.get(alarm.AlarmName) ?? { state: 'OK', since: 0 };
          const told = {
            AlarmActions: [topic],
            ...(alarm.InsufficientDataActions && { InsufficientDataActions: [topic] }),
          };
          return { ...alarm, ...told, StateValue, StateUpdatedTimestamp: since / 1000 };
        }),
    }),
    'sns:ListSubscriptionsByTopic': ({ TopicArn }: { TopicArn: string }) => {
      if (TopicArn !== topic) refuse('NotFound', 'Topic does not exist');
      const SubscriptionArn = state.subscription === 'pending' ? 'PendingConfirmation' : `${topic}:1`;
      const member = { Endpoint: 'hostmaster@sluice.test', Protocol: 'email', SubscriptionArn, TopicArn };
      const Subscriptions = state.subscription === 'none' ? {} : { member };
      return { ListSubscriptionsByTopicResult: { Subscriptions } };
    },
  };

  function described({ ports, held }: Proxies['addresses'][number], index: number) {
    const { allocationId, tags } = aws.stack.addresses[index] ?? refuse('InvalidAllocationID.NotFound', `${index}`);
    const holder = proxies.launched.find(({ addresses }) => addresses === held());
    return {
      allocationId,
      publicIp: `127.0.0.1:${ports.https}`,
      ...(holder && { instanceId: holder.id }),
      tagSet: Object.entries(tags).map(([key, value]) => ({ key, value })),
    };
  }

  return {
    handlers,
    state,
    alarm: (name: string, to: State, since: number): void =>
      void states.set(`sluice-${aws.stack.stage}-${name}`, { state: to, since }),
  };
}

import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import { SSMClient } from '@aws-sdk/client-ssm';

import { parameterStore as realStore } from '../../lib/aws/published';
import { faultsName, type Kept, nothingKept } from '../../lib/faults/faults';
import { certificateIndexName } from '../../lib/generation/generation';
import type { Backend } from '../../lib/haproxy/backend';
import { render } from '../../lib/haproxy/render';
import { parameterStore } from '../../scripts/local/ssm/parameters';
import { named } from '../../scripts/sluice/stage';
import { played, prefix } from '../aws/played';
import { portOf } from '../listening';
import { authority } from '../system/authority';

type Service = {
  readonly running: number;
  readonly desired: number;
  readonly events?: readonly { readonly secondsAgo: number; readonly message: string }[];
};

export type PlayedStage = {
  readonly backends: readonly Backend[];
  readonly kept?: Partial<Kept>;
  /** By name; those of one cluster. */
  readonly services: Readonly<Record<string, Service>>;
  readonly proxies?: number;
};

const certified = ['example.com', '*.example.com'];
const { key, chain } = authority('T').issue(certified);
const serial = new X509Certificate(key).serialNumber;

/** AWS's answers about a stage of which all is well but what is given. `calls` counts by action. */
export async function playedStage({ backends, kept, services, proxies = 1 }: PlayedStage) {
  const store = parameterStore();
  const address = `127.0.0.1:${await portOf(createServer({ key: key + chain, cert: key + chain }))}`;
  const slots = Array.from({ length: proxies }, (_, at) => `${at + 1}`);
  const { api, client } = await played({
    ...store.handlers,
    ...proxiesOf(slots, address),
    ...others,
    'sqs:GetQueueUrl': ({ QueueName }: { QueueName: string }) => ({ QueueUrl: `${client.endpoint}/1/${QueueName}` }),
    'ecs:DescribeServices': ({ services: asked }: { services: string[] }) => ({
      services: asked.flatMap((name) => described(name, services[name])),
      failures: asked.flatMap((arn) => (services[arn] ? [] : { arn, reason: 'MISSING' })),
    }),
  });
  const certificates = [{ name: 'example.com', names: certified, serial, key: 1, chain: 1 }];
  store.put({ Name: certificateIndexName(prefix), Value: JSON.stringify(certificates), Type: 'String' });
  if (kept) store.put({ Name: faultsName(prefix), Value: JSON.stringify({ ...nothingKept, ...kept }), Type: 'String' });
  const files = render({ backends, certified });
  await realStore(new SSMClient(client), prefix).publish(files, files, { certificates });
  const start = api.calls.length;
  return { api, client, store, address, calls: () => countsOf(api.calls.slice(start).map(({ action }) => action)) };
}

function countsOf(actions: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const action of actions) counts[action] = (counts[action] ?? 0) + 1;
  return counts;
}

const described = (serviceName: string, service: Service | undefined) =>
  service
    ? [
        {
          ...{ serviceName, status: 'ACTIVE', desiredCount: service.desired, runningCount: service.running },
          events: service.events?.map(({ secondsAgo, message }) => {
            return { createdAt: Date.now() / 1000 - secondsAgo, message };
          }),
        },
      ]
    : [];

const proxiesOf = (slots: readonly string[], publicIp: string) => ({
  'ec2:DescribeAddresses': () => ({
    addressesSet: slots.map((slot) => {
      return { publicIp, instanceId: `i-${slot}`, tagSet: [{ key: 'Name', value: `sluice-dev-proxy-${slot}` }] };
    }),
  }),
  'ssm:DescribeInstanceInformation': () => ({
    InstanceInformationList: slots.map((slot) => ({ InstanceId: `i-${slot}`, PingStatus: 'Online' })),
  }),
});

const topic = 'arn:aws:sns:eu-west-2:123456789012:sluice-dev-AlarmTopic-1';
const report = '{"generation":1,"changed":"nothing"}';

const others = {
  'ssm:ListDocuments': () => ({ DocumentIdentifiers: [{ Name: 'sluice-dev-sync', CreatedDate: 1 }] }),
  'ssm:SendCommand': () => ({ Command: { CommandId: '1' } }),
  'ssm:GetCommandInvocation': () => ({ Status: 'Success', StandardOutputContent: report }),
  'sqs:GetQueueAttributes': () => ({
    Attributes: { ApproximateNumberOfMessages: '0', ApproximateNumberOfMessagesNotVisible: '0' },
  }),
  'cloudwatch:DescribeAlarms': () => ({
    MetricAlarms: named('dev', 'eu-west-2').alarms.map((AlarmName) => {
      return { AlarmName, StateValue: 'OK', ActionsEnabled: true, AlarmActions: [topic] };
    }),
  }),
  'sns:ListSubscriptionsByTopic': () => ({
    ListSubscriptionsByTopicResult: {
      Subscriptions: { member: { Endpoint: 'me@example.com', SubscriptionArn: `${topic}:1` } },
    },
  }),
};

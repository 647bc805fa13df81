import { createHash, randomUUID } from 'node:crypto';

import { refuse } from '../api/errors';
import type { QueueProperties } from '../package/stack';
import { account, region } from '../package/template';

export type Message = {
  readonly id: string;
  readonly body: string;
  readonly group: string;
  readonly deduplicationId: string;
  readonly sequence: string;
  readonly sentAt: number;
  firstReceivedAt?: number;
  receives: number;
  handle?: string;
  invisibleUntil: number;
};

/** A FIFO queue (AWS: SQS, FIFO queues). Time is an argument of every function below, in epoch milliseconds. */
export type Queue = Required<Omit<QueueProperties, 'RedrivePolicy' | 'QueueName'>> & {
  readonly name: string;
  readonly arn: string;
  readonly maxReceives: number;
  messages: Message[];
  /** Messages that were received too often. */
  readonly dead: Message[];
  readonly seen: Map<string, { readonly at: number; readonly id: string }>;
  sent: number;
};

/** AWS: SQS FIFO, deduplication interval. */
const deduplicationMs = 300_000;

/** The defaults are CreateQueue's: thirty seconds, four days. */
export const newQueue = (
  { QueueName: name, RedrivePolicy, ...properties }: QueueProperties,
  dead: Message[] = [],
): Queue => ({
  VisibilityTimeout: 30,
  MessageRetentionPeriod: 345_600,
  ContentBasedDeduplication: false,
  ...properties,
  name,
  arn: `arn:aws:sqs:${region}:${account}:${name}`,
  maxReceives: RedrivePolicy?.maxReceiveCount ?? Infinity,
  messages: [],
  dead,
  seen: new Map(),
  sent: 0,
});

type Send = { readonly MessageBody: string; MessageGroupId: string; MessageDeduplicationId?: string };

/** Accepts a repeat within the deduplication interval, and does not deliver it. */
export function sendMessage(queue: Queue, { MessageBody: body, MessageGroupId: group, ...more }: Send, now: number) {
  const hash = queue.ContentBasedDeduplication ? createHash('sha256').update(body).digest('hex') : undefined;
  const deduplicationId = more.MessageDeduplicationId ?? hash;
  if (!deduplicationId || !group)
    return refuse('MissingParameter', 'MessageGroupId or MessageDeduplicationId is missing.');
  const earlier = queue.seen.get(deduplicationId);
  if (earlier && now - earlier.at < deduplicationMs)
    return { MessageId: earlier.id, SequenceNumber: String(queue.sent) };

  const id = randomUUID();
  queue.seen.set(deduplicationId, { at: now, id });
  const sequence = String(++queue.sent).padStart(20, '0');
  queue.messages.push({ id, body, group, deduplicationId, sequence, sentAt: now, receives: 0, invisibleUntil: 0 });
  return { MessageId: id, SequenceNumber: sequence };
}

/** Receives up to ten of one group, in order. A group with a message in flight is blocked. */
export function receiveMessages(queue: Queue, now: number, most = 10): readonly Message[] {
  const retentionMs = queue.MessageRetentionPeriod * 1000;
  queue.messages = queue.messages.filter(({ sentAt }) => now - sentAt < retentionMs);
  const blocked = new Set(queue.messages.filter(isInFlight(now)).map(({ group }) => group));
  const isDead = ({ group, receives }: Message) => !blocked.has(group) && receives >= queue.maxReceives;
  queue.dead.push(...queue.messages.filter(isDead));
  queue.messages = queue.messages.filter((message) => !isDead(message));
  const next = queue.messages.find(({ group }) => !blocked.has(group))?.group;
  const batch = queue.messages.filter(({ group }) => group === next).slice(0, most);
  for (const message of batch) {
    message.receives += 1;
    message.firstReceivedAt ??= now;
    message.handle = randomUUID();
    message.invisibleUntil = now + queue.VisibilityTimeout * 1000;
  }
  return batch;
}

const isInFlight =
  (now: number) =>
  ({ invisibleUntil }: Message): boolean =>
    invisibleUntil > now;

/** Deletes as Lambda does after success. A handle that has expired deletes nothing from a FIFO queue. */
export function deleteMessage(queue: Queue, handle: string, now: number): void {
  queue.messages = queue.messages.filter((message) => message.handle !== handle || !isInFlight(now)(message));
}

/** Counts the seconds from now (AWS: ChangeMessageVisibility). */
export function changeVisibility(queue: Queue, handle: string, seconds: number, now: number): void {
  if (!(seconds >= 0 && seconds <= 43_200))
    refuse('InvalidParameterValue', 'VisibilityTimeout must be from 0 to 43200');
  const message =
    queue.messages.find((each) => each.handle === handle) ??
    refuse('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.');
  if (!isInFlight(now)(message)) refuse('MessageNotInflight', 'The message is not in flight.');
  message.invisibleUntil = now + seconds * 1000;
}

type Visibility = { readonly ReceiptHandle: string; readonly VisibilityTimeout: number };
type Batch = { readonly QueueUrl: string; readonly Entries: readonly (Visibility & { readonly Id: string })[] };

/** Answers the calls of SQS's API that Sluice makes. */
export function queueHandlers(queues: readonly Queue[], now = Date.now) {
  const named = (url: string): Queue =>
    queues.find(({ name }) => url.endsWith(`/${name}`)) ??
    refuse('QueueDoesNotExist', 'The specified queue does not exist.');
  const change = (url: string, { ReceiptHandle, VisibilityTimeout }: Visibility) =>
    changeVisibility(named(url), ReceiptHandle, VisibilityTimeout, now());
  return {
    'sqs:SendMessage': (input: Send & { readonly QueueUrl: string }) => ({
      ...sendMessage(named(input.QueueUrl), input, now()),
      MD5OfMessageBody: createHash('md5').update(input.MessageBody).digest('hex'),
    }),
    'sqs:ChangeMessageVisibility': (input: Visibility & { readonly QueueUrl: string }) => change(input.QueueUrl, input),
    // Each entry succeeds or fails alone. The answer is 200 with a list of failures.
    'sqs:ChangeMessageVisibilityBatch': ({ QueueUrl, Entries }: Batch) => {
      if (Entries.length > 10) refuse('TooManyEntriesInBatchRequest', 'Maximum number of entries per request are 10.');
      const [Successful, Failed]: [object[], object[]] = [[], []];
      for (const { Id, ...entry } of Entries) {
        try {
          change(QueueUrl, entry);
          Successful.push({ Id });
        } catch (error) {
          const { code: Code, message: Message } = error as { code: string; message: string };
          Failed.push({ Id, Code, Message, SenderFault: true });
        }
      }
      return { Successful, Failed };
    },
  };
}

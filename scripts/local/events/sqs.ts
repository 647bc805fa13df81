import { createHash, randomUUID } from 'node:crypto';

import { AwsError } from '../api/errors';
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

/** AWS: SQS FIFO, deduplication interval. */
const deduplicationMs = 300_000;

/** A FIFO queue (AWS: SQS, FIFO queues). `deadLetter` takes what was received too often. */
export function fifoQueue(
  // AWS: CreateQueue. Thirty seconds, four days.
  {
    QueueName,
    VisibilityTimeout = 30,
    MessageRetentionPeriod = 345_600,
    ContentBasedDeduplication,
    RedrivePolicy,
  }: QueueProperties,
  deadLetter: (message: Message) => void = () => {},
  now = Date.now,
) {
  let messages: Message[] = [];
  const seen = new Map<string, { at: number; id: string }>();
  let sequence = 0n;

  function send(body: string, group: string, given?: string): { MessageId: string; SequenceNumber: string } {
    const hash = ContentBasedDeduplication ? createHash('sha256').update(body).digest('hex') : undefined;
    const deduplicationId = given ?? hash;
    if (!deduplicationId || !group)
      throw new AwsError('MissingParameter', 'MessageGroupId or MessageDeduplicationId is missing.');
    const earlier = seen.get(deduplicationId);
    // Accepted, and not delivered.
    if (earlier && now() - earlier.at < deduplicationMs)
      return { MessageId: earlier.id, SequenceNumber: String(sequence) };

    const id = randomUUID();
    seen.set(deduplicationId, { at: now(), id });
    sequence += 1n;
    messages.push({
      id,
      body,
      group,
      deduplicationId,
      sequence: String(sequence).padStart(20, '0'),
      sentAt: now(),
      receives: 0,
      invisibleUntil: 0,
    });
    return { MessageId: id, SequenceNumber: String(sequence) };
  }

  /** Up to ten of one group, in order. A group with a message in flight is blocked. */
  function receive(most = 10): readonly Message[] {
    messages = messages.filter((message) => now() - message.sentAt < MessageRetentionPeriod * 1000);
    const blocked = new Set(messages.filter(inFlight).map(({ group }) => group));
    const free = messages.filter(({ group }) => !blocked.has(group));
    for (const dead of free.filter(({ receives }) => receives >= (RedrivePolicy?.maxReceiveCount ?? Infinity))) {
      messages.splice(messages.indexOf(dead), 1);
      deadLetter(dead);
    }
    const batch = messages
      .filter(({ group }) => group === messages.find((message) => !blocked.has(message.group))?.group)
      .slice(0, most);
    for (const message of batch) {
      message.receives += 1;
      message.firstReceivedAt ??= now();
      message.handle = randomUUID();
      message.invisibleUntil = now() + VisibilityTimeout * 1000;
    }
    return batch;
  }

  const inFlight = (message: Message): boolean => message.invisibleUntil > now();

  const holding = (handle: string): Message => {
    const message = messages.find((each) => each.handle === handle);
    if (!message) throw new AwsError('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.');
    if (!inFlight(message)) throw new AwsError('MessageNotInflight', 'The message is not in flight.');
    return message;
  };

  return {
    name: QueueName,
    arn: `arn:aws:sqs:${region}:${account}:${QueueName}`,
    send,
    receive,
    /** As Lambda does after success. A handle that has expired deletes nothing from a FIFO queue. */
    remove: (handle: string): void => {
      messages = messages.filter((message) => message.handle !== handle || !inFlight(message));
    },
    /** Counted from now (AWS: ChangeMessageVisibility). */
    changeVisibility: (handle: string, seconds: number): void => {
      if (!(seconds >= 0 && seconds <= 43_200))
        throw new AwsError('InvalidParameterValue', 'VisibilityTimeout must be from 0 to 43200');
      holding(handle).invisibleUntil = now() + seconds * 1000;
    },
    size: (): number => messages.length,
    /** Those that wait, and those in flight (AWS: GetQueueAttributes, without its approximation). */
    count: (): readonly [number, number] => {
      const hidden = messages.filter(inFlight).length;
      return [messages.length - hidden, hidden];
    },
  };
}

export type Queue = ReturnType<typeof fifoQueue>;

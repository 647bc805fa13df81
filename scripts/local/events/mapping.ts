import { createHash } from 'node:crypto';

import { region } from '../package/template';
import type { Timers } from '../timers';
import type { Invocation, LambdaFunction } from './lambda';
import { deleteMessage, type Message, type Queue, receiveMessages } from './sqs';

type Settings = {
  readonly batchSize: number;
  readonly delayMs: number;
  readonly timers: Timers;
  readonly isOn: () => boolean;
};

/**
 * The event source mapping: hands batches to the function, one at a time for one message group, and deletes what
 * succeeded. What failed stays invisible until its visibility ends (AWS: Using Lambda with Amazon SQS).
 */
export function pollQueue(
  queue: Queue,
  { invoke }: Pick<LambdaFunction, 'invoke'>,
  { batchSize, delayMs, timers, isOn }: Settings,
  onInvocation: (invocation: Invocation) => void,
): void {
  timers.every(delayMs, async () => {
    const batch = isOn() ? receiveMessages(queue, Date.now(), Math.min(batchSize, 10)) : [];
    if (batch.length === 0) return;
    const handles = batch.map(({ handle = '' }) => handle);
    const invocation = await invoke({ Records: batch.map((message) => record(message, queue.arn)) });
    if (invocation.outcome === 'succeeded') for (const handle of handles) deleteMessage(queue, handle, Date.now());
    onInvocation(invocation);
  });
}

const record = (message: Message, arn: string) => ({
  messageId: message.id,
  receiptHandle: message.handle,
  body: message.body,
  attributes: {
    ApproximateReceiveCount: String(message.receives),
    SentTimestamp: String(message.sentAt),
    SequenceNumber: message.sequence,
    MessageGroupId: message.group,
    SenderId: 'AIDAIENQZJOLO23YVJ4VO',
    MessageDeduplicationId: message.deduplicationId,
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
  },
  messageAttributes: {},
  md5OfBody: createHash('md5').update(message.body).digest('hex'),
  eventSource: 'aws:sqs',
  eventSourceARN: arn,
  awsRegion: region,
});

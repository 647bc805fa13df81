import { createHash } from 'node:crypto';

import { AwsError } from '../api/errors';
import type { Queue } from './sqs';

type Visibility = { ReceiptHandle: string; VisibilityTimeout: number };
type Send = { QueueUrl: string; MessageBody: string; MessageGroupId: string; MessageDeduplicationId?: string };

export function queueHandlers(queues: readonly Queue[]) {
  const named = (url: string): Queue => {
    const queue = queues.find(({ name }) => url.endsWith(`/${name}`));
    if (!queue) throw new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
    return queue;
  };
  return {
    'sqs:SendMessage': ({ QueueUrl, MessageBody, MessageGroupId, MessageDeduplicationId }: Send) => ({
      ...named(QueueUrl).send(MessageBody, MessageGroupId, MessageDeduplicationId),
      MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex'),
    }),

    'sqs:ChangeMessageVisibility': ({
      QueueUrl,
      ReceiptHandle,
      VisibilityTimeout,
    }: Visibility & { QueueUrl: string }) => named(QueueUrl).changeVisibility(ReceiptHandle, VisibilityTimeout),

    // Each entry stands alone: 200 with a list of failures.
    'sqs:ChangeMessageVisibilityBatch': ({
      QueueUrl,
      Entries,
    }: {
      QueueUrl: string;
      Entries: (Visibility & { Id: string })[];
    }) => {
      if (Entries.length > 10)
        throw new AwsError('TooManyEntriesInBatchRequest', 'Maximum number of entries per request are 10.');
      const Successful: object[] = [];
      const Failed: object[] = [];
      for (const { Id, ReceiptHandle, VisibilityTimeout } of Entries) {
        try {
          named(QueueUrl).changeVisibility(ReceiptHandle, VisibilityTimeout);
          Successful.push({ Id });
        } catch (error) {
          const { code, message } = error as AwsError;
          Failed.push({ Id, Code: code, Message: message, SenderFault: true });
        }
      }
      return { Successful, Failed };
    },
  };
}

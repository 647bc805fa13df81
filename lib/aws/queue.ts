import { ChangeMessageVisibilityBatchCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';

import { always, alwaysList, atNextRun, doing } from './calls';

type Taken = {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly attributes: { readonly ApproximateReceiveCount: string };
};

/** Messages of a failed run come back after 2, 4, 8, 16, then 30 s; until then they block their group (AWS: SQS FIFO, messages in flight). */
export const comeBackSoon =
  (client: SQSClient, queueUrl: string) =>
  async (taken: readonly Taken[]): Promise<void> => {
    const asked = client.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: queueUrl,
        Entries: taken.map(({ messageId, receiptHandle, attributes }) => ({
          Id: messageId,
          ReceiptHandle: receiptHandle,
          VisibilityTimeout: Math.min(2 ** Number(attributes.ApproximateReceiveCount), 30),
        })),
      }),
    );
    const answer = asked.then(({ Successful, Failed }) => alwaysList('Failed', Failed ?? (Successful && [])));
    const failed = await doing(`Bringing ${taken.length} messages back sooner`, answer);
    if (failed.length > 0)
      throw new Error(`SQS would not bring ${failed.length} messages back sooner: ${failed[0]?.Message}`);
  };

/** @param id unlike any other message's, or SQS would drop the message as a duplicate */
export const announce =
  (client: SQSClient, queueUrl: string) =>
  async (id: string): Promise<void> => {
    const sent = client.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: JSON.stringify({ source: 'sluice.renew', id }),
        MessageGroupId: 'reconcile',
      }),
    );
    const accepted = sent.then(({ MessageId }) => always('MessageId', MessageId));
    await doing('Announcing the stored certificates to reconcile', accepted, atNextRun);
  };

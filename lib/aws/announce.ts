import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';

import { atNextRun, doing } from './doing';
import { always } from './malformed';

/**
 * Tells reconcile, the only writer of what the proxies run, that the index of certificates changed.
 *
 * @param id unlike any other message's, or deduplication would swallow it
 */
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
    await doing('Telling reconcile of the stored certificates', accepted, atNextRun);
  };

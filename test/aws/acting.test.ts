import { SQSClient } from '@aws-sdk/client-sqs';

import { comeBackSoon } from '../../lib/aws/queue';
import { played } from './played';

it('law 10: brings a failed batch back after 2, 4, 8, 16, then 30 seconds', async () => {
  const changed = () => ({ Successful: [], Failed: [] });
  const { api, client } = await played({ 'sqs:ChangeMessageVisibilityBatch': changed });
  const messages = ['1', '2', '3', '4', '5', '9'].map((ApproximateReceiveCount, n) => {
    return { messageId: `m${n}`, receiptHandle: 'r', attributes: { ApproximateReceiveCount } };
  });

  await comeBackSoon(new SQSClient(client), 'https://sqs.eu-west-2.amazonaws.com/123456789012/q.fifo')(messages);

  const Entries = [2, 4, 8, 16, 30, 30].map((VisibilityTimeout) => ({ VisibilityTimeout }));
  expect(api.calls[0]?.input).toMatchObject({ Entries });
});

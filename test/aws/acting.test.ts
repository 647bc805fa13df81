import { SQSClient } from '@aws-sdk/client-sqs';

import { comeBackSoon } from '../../lib/aws/queue';
import { played } from './played';
import { depsFor } from './stage';

describe('acting', () => {
  it('nudges the proxies of its own stage', async () => {
    const { api, client } = await played({ 'ssm:SendCommand': () => ({ Command: {} }) });

    await depsFor(client).nudge(42);

    expect(api.calls[0]?.input).toMatchObject({
      DocumentName: 'sluice-dev-sync',
      Targets: [{ Key: 'tag:SluiceProxy', Values: ['dev'] }],
      Parameters: { Generation: ['42'] },
    });
  });

  it('law 10: brings a failed batch back after 2, 4, 8, 16, then 30 seconds', async () => {
    const { api, client } = await played({
      'sqs:ChangeMessageVisibilityBatch': () => ({ Successful: [], Failed: [] }),
    });
    const messages = [1, 2, 3, 4, 5, 9].map((receives) => ({
      messageId: `m${receives}`,
      receiptHandle: 'r',
      attributes: { ApproximateReceiveCount: String(receives) },
    }));

    await comeBackSoon(new SQSClient(client), 'https://sqs.eu-west-2.amazonaws.com/123456789012/q.fifo')(messages);

    expect(api.calls[0]?.input).toMatchObject({
      Entries: [2, 4, 8, 16, 30, 30].map((VisibilityTimeout) => ({ VisibilityTimeout })),
    });
  });
});

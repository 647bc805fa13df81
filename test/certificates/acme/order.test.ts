import type { Client, Order } from 'acme-client';

import { refusal } from '../../../lib/certificates/acme/http';
import { finalize } from '../../../lib/certificates/acme/order';

const notReady = refusal('Finalizing', { type: 'urn:ietf:params:acme:error:orderNotReady', detail: 'not yet' });
const malformed = refusal('Finalizing', { type: 'urn:ietf:params:acme:error:malformed', detail: 'no' });
const lost = new Error('socket hang up');

/** A CA that answers requests to finalize in turn, and shows these statuses of its order, the last one for ever. */
async function tried(answers: readonly (Error | undefined)[], statuses: readonly (Order['status'] | Error)[]) {
  const progress = { mayBeIssued: false };
  let [asked, looks] = [0, 0];
  const client = {
    finalizeOrder: async () => {
      const answer = answers[asked++];
      if (answer) throw answer;
    },
    getOrder: async () => {
      const status = statuses[Math.min(looks++, statuses.length - 1)];
      if (status instanceof Error) throw status;
      return { status };
    },
  } as unknown as Client;
  const run = { pause: async () => {} };
  const ended = await finalize(client, { status: 'ready' } as Order, Buffer.from(''), run, progress).then(
    ({ status }) => status,
    (error: Error) => error.message,
  );
  return { asked, ended, ...progress };
}

it.each<[string, Parameters<typeof tried>, { asked: number; ended: unknown; mayBeIssued: boolean }]>([
  ['taken', [[], ['processing', 'valid']], { asked: 1, ended: 'valid', mayBeIssued: true }],
  ['taken, shown late', [[], ['ready', 'ready', 'valid']], { asked: 1, ended: 'valid', mayBeIssued: true }],
  [
    'not ready, yet ready',
    [[notReady], ['ready', 'processing', 'valid']],
    { asked: 2, ended: 'valid', mayBeIssued: true },
  ],
  [
    'not ready twice',
    [
      [notReady, notReady],
      ['ready', 'ready', 'valid'],
    ],
    { asked: 3, ended: 'valid', mayBeIssued: true },
  ],
  [
    'pending again',
    [[notReady], ['pending', 'pending', 'ready', 'valid']],
    { asked: 2, ended: 'valid', mayBeIssued: true },
  ],
  [
    'not ready, as it is under way',
    [[notReady], ['processing', 'valid']],
    { asked: 1, ended: 'valid', mayBeIssued: true },
  ],
  ['lost, but under way', [[lost], ['processing', 'valid']], { asked: 1, ended: 'valid', mayBeIssued: true }],
  ['refused, but it is valid', [[malformed], ['valid']], { asked: 1, ended: 'valid', mayBeIssued: true }],
  ['refused', [[malformed], ['ready']], { asked: 1, ended: malformed.message, mayBeIssued: false }],
  ['lost on its way', [[lost], ['ready']], { asked: 1, ended: lost.message, mayBeIssued: false }],
  ['lost, and nobody answers', [[lost], [new Error('down')]], { asked: 1, ended: lost.message, mayBeIssued: true }],
  ['taken, and nobody answers', [[], [new Error('down')]], { asked: 1, ended: 'down', mayBeIssued: true }],
  [
    'taken, then invalid',
    [[], ['processing', 'invalid']],
    { asked: 1, ended: expect.stringMatching(/^Waiting for the order: the CA refused/), mayBeIssued: false },
  ],
  ['never ready', [Array(200).fill(notReady), ['ready']], { asked: 90, ended: notReady.message, mayBeIssued: false }],
  [
    'under way for ever',
    [[], ['processing']],
    {
      asked: 1,
      ended: "the CA's order was still processing, not valid, after three minutes; the next run tries again",
      mayBeIssued: true,
    },
  ],
])('a request to finalize that is %s', async (_, [answers, statuses], expected) => {
  expect(await tried(answers, statuses)).toStrictEqual(expected);
});

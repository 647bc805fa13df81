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

const [busy, down] = ['processing', new Error('down')] as const;
const minutes = "the CA's order was still processing, not valid, after three minutes; the next run tries again";
const invalid = 'Waiting for the order: the CA refused (unknown): ; the next run tries again';
type Statuses = Parameters<typeof tried>[1];

it.each<[string, (Error | undefined)[], Statuses, asked: number, ended: string, mayBeIssued: boolean]>([
  ['taken', [], [busy, 'valid'], 1, 'valid', true],
  ['taken, shown late', [], ['ready', 'ready', 'valid'], 1, 'valid', true],
  ['not ready, yet ready', [notReady], ['ready', busy, 'valid'], 2, 'valid', true],
  ['not ready twice', [notReady, notReady], ['ready', 'ready', 'valid'], 3, 'valid', true],
  ['pending again', [notReady], ['pending', 'pending', 'ready', 'valid'], 2, 'valid', true],
  ['not ready, as it is under way', [notReady], [busy, 'valid'], 1, 'valid', true],
  ['lost, but under way', [lost], [busy, 'valid'], 1, 'valid', true],
  ['refused, but it is valid', [malformed], ['valid'], 1, 'valid', true],
  ['refused', [malformed], ['ready'], 1, malformed.message, false],
  ['lost on its way', [lost], ['ready'], 1, lost.message, false],
  ['refused, and no answer comes', [malformed], [down], 1, malformed.message, false],
  ['lost, and no answer comes', [lost], [down], 1, lost.message, true],
  ['taken, and no answer comes', [], [down], 1, 'down', true],
  ['taken, then invalid', [], [busy, 'invalid'], 1, invalid, false],
  ['never ready', Array(200).fill(notReady), ['ready'], 90, notReady.message, false],
  ['under way for ever', [], [busy], 1, minutes, true],
])('a request to finalize that is %s', async (_, answers, statuses, asked, ended, mayBeIssued) => {
  expect(await tried(answers, statuses)).toStrictEqual({ asked, ended, mayBeIssued });
});

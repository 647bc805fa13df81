import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import { named } from '../../scripts/sluice/stage';
import { alarmChecks } from '../../scripts/sluice/status/alarms';
import { certificateChecks } from '../../scripts/sluice/status/certificates';
import type { Clients } from '../../scripts/sluice/status/clients';
import { countWaiting, queueChecks } from '../../scripts/sluice/status/queue';
import { portOf } from '../listening';
import { authority } from '../system/authority';

const stage = named('dev', 'eu-west-2');
/** A client for which AWS always returns the same. */
const returning = (answer: object) => ({ send: async () => answer });

describe('a queue', () => {
  /** The check of a queue in which a look after the other finds so many messages: waiting, and in flight; and how often it was looked at. */
  async function checked(...counts: readonly (readonly [number, number])[]) {
    const left = [...counts];
    let isDead = false;
    const send = async ({ input }: { input: { QueueName?: string } }) => {
      isDead = input.QueueName?.includes('dead') ?? isDead;
      if (input.QueueName) return { QueueUrl: input.QueueName };
      const [waiting, hidden] = (isDead ? [0, 0] : left.length > 1 ? left.shift() : left[0]) ?? [];
      return { Attributes: { ApproximateNumberOfMessages: waiting, ApproximateNumberOfMessagesNotVisible: hidden } };
    };
    const clients = { sqs: { send } } as unknown as Clients;
    return (await queueChecks(clients, stage, await countWaiting(clients, stage), async () => undefined))[0];
  }

  it.each([
    [
      'empties',
      [
        [3, 1],
        [0, 0],
      ],
      true,
      'empty',
    ],
    [
      'is worked on',
      [
        [3, 0],
        [3, 2],
      ],
      true,
      '5 messages, in progress',
    ],
    [
      'was worked on',
      [
        [3, 2],
        [3, 0],
      ],
      true,
      '3 messages, in progress',
    ],
    [
      'has just got something',
      [
        [0, 0],
        [2, 0],
      ],
      true,
      '2 messages, in progress',
    ],
    [
      'gets shorter',
      [
        [5, 0],
        [3, 0],
      ],
      true,
      '3 messages, in progress',
    ],
    [
      'is looked at between two runs',
      [
        [1, 0],
        [1, 0],
        [1, 0],
        [0, 1],
      ],
      true,
      '1 message, in progress',
    ],
    [
      'gets longer',
      [
        [3, 0],
        [4, 0],
      ],
      false,
      '4 messages wait, and no function takes them',
    ],
    ['stands still', [[1, 0]], false, '1 message waits, and no function takes them'],
  ] as const)('that %s', async (_, counts, ok, says) => {
    expect(await checked(...counts)).toMatchObject({ ok, what: 'queue', says });
  });

  it('law 18: of which SQS says nothing is not ok', async () => {
    await expect(checked([Number.NaN, 0])).rejects.toThrow(
      'SQS did not return the messages in sluice-dev-reconcile.fifo',
    );
  });
});

describe('a certificate', () => {
  const names = ['example.com', '*.example.com'];
  const ours = authority('T').issue(names);
  const [whole, alone, other] = [ours.key + ours.chain, ours.key, authority('U').issue(['example.org']).key];
  const { serialNumber: serial, validTo } = new X509Certificate(alone);

  it.each([
    ['is served', whole, 14, serial, true, /^it serves example\.com, \*\.example\.com by T-1, 14 days left$/, /^$/],
    ['is near its end', whole, 4, serial, false, /4 days left$/, /log group .*renew/],
    ['is older than the stored one', whole, 14, 'FF', false, /a newer one is stored$/, /next tick/],
    ['is served without its issuer’s', alone, 14, serial, false, /certificate of its issuer: only browsers/, /renew/],
    ['is another one', other, 14, serial, false, /^it serves another certificate than that of example\.com/, /tick/],
  ])('that %s', async (_, pem, days, stored, ok, says, next) => {
    const address = `127.0.0.1:${await portOf(createServer({ key: pem, cert: pem }))}`;
    const certificate = { name: 'example.com', names, serial: stored, key: 1, chain: 1 };
    const now = Date.parse(validTo) - days * 86_400_000;

    const [check] = await certificateChecks([{ slot: '1', address }], [certificate], stage, now);

    expect(check).toMatchObject({ ok, what: 'certificate 1' });
    expect(check?.says.replace(address, 'it')).toMatch(says);
    expect(check?.next ?? '').toMatch(next);
  });
});

describe('alarms', () => {
  const topic = 'arn:aws:sns:eu-west-2:123456789012:sluice-dev-AlarmTopic-1';
  const confirmed = { Endpoint: 'me@example.com', SubscriptionArn: `${topic}:1` };
  const [pending, deleted] = ['PendingConfirmation', 'Deleted'].map((arn) => ({ ...confirmed, SubscriptionArn: arn }));
  const [first, ...others] = stage.alarms.map((AlarmName) => ({
    ...{ AlarmName, StateValue: 'OK', ActionsEnabled: true, AlarmActions: [topic] },
  }));
  const all = [first, ...others];
  const putBack = '--change-set-name put-back --use-previous-template --deployment-mode REVERT_DRIFT';
  const subscribe = (to: string) => `--topic-arn ${topic} --protocol email --notification-endpoint ${to} --region eu-`;
  const with1 = (state: object) => [{ ...first, ...state }, ...others];
  const enable = '`aws cloudwatch enable-alarm-actions --alarm-names sluice-dev-dead-letters --region eu-west-2`';

  it.each([
    ['alarm dead-letters', with1({ ActionsEnabled: false }), [confirmed], 'its actions are switched off', enable],
    ['alarm dead-letters', with1({ AlarmActions: [] }), [confirmed], 'its actions were removed', putBack],
    ['alarm dead-letters', with1({ StateValue: undefined }), [confirmed], 'its state is undefined', 'try again'],
    ['alarms', others, [confirmed], 'sluice-dev-dead-letters missing', putBack],
    ['alarms', [], [confirmed], 'sluice-dev-cpu-credits missing', putBack],
    ['alarm e-mail', all, [], 'alarms reach no address: it was unsubscribed, or never', subscribe('<address>')],
    ['alarm e-mail', all, [deleted], 'alarms reach no address', subscribe('<address>')],
    ['alarm e-mail', all, [pending], 'me@example.com did not confirm yet', subscribe('me@example.com')],
    [undefined, all, [confirmed], '', ''],
    [undefined, all, [deleted, confirmed], '', ''],
    [undefined, all, [pending, confirmed], '', ''],
  ])('law 18: %s is not ok where no alarm would arrive, and the report names the remedy', async (...row) => {
    const [what, MetricAlarms, Subscriptions, says, next] = row;
    const clients = { cloudwatch: returning({ MetricAlarms }), sns: returning({ Subscriptions }) };

    const bad = (await alarmChecks(clients as unknown as Clients, stage, 0)).filter(({ ok }) => !ok);

    const words = { says: expect.stringContaining(says), next: expect.stringContaining(next) };
    expect(bad).toMatchObject(what ? [{ what, ...words }] : []);
    expect(bad).toHaveLength(what ? 1 : 0);
  });
});

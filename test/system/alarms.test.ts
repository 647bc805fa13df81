import { dueForRenewal, type Held } from '../../lib/certificates/due/due';
import { readTemplate } from '../../scripts/local/package/template';
import { packaged, type Variant } from '../../scripts/real/package';
import { type Alarm, type Datum, identity, type State, statsOf, watch } from './cloudwatch';
import { between, day, type Fault, from, hour, lived, measured, type Name } from './life';

const alarmsOf = async (variant: Variant): Promise<readonly Alarm[]> =>
  readTemplate(
    await packaged(variant),
    'http://localhost',
  )<Alarm>('AWS::CloudWatch::Alarm').map(({ properties }) => properties);

let alarms: readonly Alarm[];
beforeAll(async () => {
  alarms = await alarmsOf('default');
});

const topic = ['arn:aws:sns:eu-west-2:123456789012:sluice-local-AlarmTopic'];

/** By alarm, what was told, and after how many minutes. */
const heard = (data: readonly Datum[], minutes: number, which = alarms) =>
  Object.fromEntries(
    which.flatMap((alarm) => {
      const told = watch(alarm, data, minutes);
      return told.length === 0 ? [] : [[alarm.AlarmName.replace('sluice-dev-', ''), told]];
    }),
  );
const names = (told: object) => Object.keys(told).sort();

describe('the alarms', () => {
  it('are seven; each says what it means and what to do first, sends to one topic, and looks back a day at most', () => {
    expect(alarms).toHaveLength(7);
    for (const alarm of alarms) {
      const { AlarmDescription, AlarmActions, InsufficientDataActions = AlarmActions } = alarm;
      expect(AlarmDescription).toMatch(/^.{20,900}First: .{10,}$/s);
      expect([AlarmActions, InsufficientDataActions]).toStrictEqual([topic, topic]);
      // CloudWatch allows no more.
      for (const { Period } of statsOf(alarm)) expect(Period * alarm.EvaluationPeriods).toBeLessThanOrEqual(86_400);
      expect(AlarmDescription.length).toBeLessThanOrEqual(1024);
    }
  });

  it.each(['default', 'twoProxies'] as const)('look only at metrics that exist: %s', async (variant) => {
    const known = Object.values(measured(variant === 'default' ? 1 : 2)).map(identity);
    const watched = (await alarmsOf(variant)).flatMap(statsOf).map(({ Metric }) => identity(Metric));

    expect([...watched].sort()).toStrictEqual([...known].sort());
  });
});

describe('no alarm is sent', () => {
  it('in a week of good times', () => {
    expect(heard(lived(7 * day), 7 * day)).toStrictEqual({});
  });

  it('by the first 15 minutes of a stage: no proxy answers yet, then none has a certificate', async () => {
    const booting = {
      unanswered: between(0, 15, 1),
      lifeLeft: (minute: number) => (minute < 5 ? undefined : minute < 20 ? 0 : 'good'),
      synced1: between(0, 15, undefined),
      surplus1: between(0, 10, undefined),
      renew: between(0, 10, undefined),
      dead: between(0, day, undefined),
    } satisfies Partial<Record<Name, Fault>>;
    const second = { synced2: between(0, 10, undefined), surplus2: between(0, 10, undefined) };

    expect(heard(lived(2 * day, booting), 2 * day)).toStrictEqual({});
    expect(heard(lived(2 * day, { ...booting, ...second }, 2), 2 * day, await alarmsOf('twoProxies'))).toStrictEqual(
      {},
    );
  });

  it.each<[Name, number | undefined]>([
    ['reconcile', 5],
    ['reconcile', undefined],
    ['renew', 1],
    ['unanswered', 1],
    ['unanswered', undefined],
    ['lifeLeft', 0],
    ['synced1', 0],
    ['synced1', undefined],
    ['surplus1', 1],
  ])('by a single failure of %s at night (%p) that was repaired', (name, value) => {
    const length = name === 'renew' ? 12 * hour : 10;

    expect(heard(lived(4 * day, { [name]: between(day, day + length, value) }), 4 * day)).toStrictEqual({});
  });

  it('by the replacement of a proxy, which may take 15 minutes', async () => {
    const replaced = between(day, day + 15, undefined);
    const faults = { unanswered: between(day, day + 15, 1), lifeLeft: replaced, synced1: replaced, surplus1: replaced };

    expect(heard(lived(2 * day, faults), 2 * day)).toStrictEqual({});
    expect(heard(lived(2 * day, faults, 2), 2 * day, await alarmsOf('twoProxies'))).toStrictEqual({});
  });
});

/** The changes that are told, and how many minutes after the fault began at the latest. */
describe('an alarm is sent', () => {
  const [bad, quiet] = ['ALARM', 'INSUFFICIENT_DATA'] as const;

  it.each<[string, Name, number | undefined, number, State]>([
    ['dead-letters', 'dead', 1, 5, bad],
    ['reconcile', 'reconcile', 1, 15, bad],
    ['renew', 'renew', 1, day, bad],
    ['entrance', 'unanswered', 1, 20, bad],
    ['certificate', 'lifeLeft', 14, 30, bad],
    ['certificate', 'lifeLeft', 0, 30, bad],
    ['push', 'synced1', 0, 20, bad],
    ['cpu-credits', 'surplus1', 0.1, 3 * hour, bad],
    ['reconcile', 'reconcile', undefined, 30, quiet],
    ['renew', 'renew', undefined, 3 * day, quiet],
    ['entrance', 'unanswered', undefined, 35, quiet],
    ['certificate', 'lifeLeft', undefined, 45, quiet],
    ['push', 'synced1', undefined, 35, quiet],
  ])('by %s when %s is %p from a day on, within %d minutes', (alarm, name, value, within, state) => {
    const told = heard(lived(6 * day, { [name]: from(day, value) }), 6 * day);

    expect(told).toStrictEqual({ [alarm]: [{ at: expect.any(Number), state }] });
    expect(told[alarm]?.[0]?.at).toBeLessThanOrEqual(day + within);
  });

  it('of a certificate near its end, and not of one that is due', () => {
    expect(names(heard(lived(day, { lifeLeft: from(0, 16.6) }), day))).toStrictEqual([]);
    expect(names(heard(lived(day, { lifeLeft: from(0, 14.9) }), day))).toStrictEqual(['certificate']);
  });

  it.each([1, 2] as const)('when one of two proxies sends no metric: slot %d', async (slot) => {
    const data = lived(2 * day, { [`synced${slot}`]: from(day, undefined) }, 2);

    const told = heard(data, 2 * day, await alarmsOf('twoProxies'));

    expect(told).toStrictEqual({ push: [{ at: expect.any(Number), state: 'ALARM' }] });
    expect(told.push?.[0]?.at).toBeLessThanOrEqual(day + 20);
  });

  it('when the tick has died with everything that it measures', () => {
    const dead = from(day, undefined);
    const faults = { reconcile: dead, unanswered: dead, lifeLeft: dead, synced1: dead };

    expect(names(heard(lived(2 * day, faults), 2 * day))).toStrictEqual([
      'certificate',
      'entrance',
      'push',
      'reconcile',
    ]);
  });

  it('when a stage never came up: no proxy has ever answered', () => {
    const never = from(0, undefined);
    const faults = { unanswered: from(0, 1), lifeLeft: never, synced1: never };

    expect(names(heard(lived(day, faults), day))).toStrictEqual(['entrance']);
  });
});

it.each([90, 64, 45, 6.7])(
  'a certificate of %d days is due well before its alarm, whatever window the CA names',
  (days) => {
    const notAfter = days * 86_400_000;
    const wanted = {
      names: ['sluice.test'],
      keyType: 'ecdsa-p256',
      directory: 'https://ca.test',
      profile: '',
    } as const;
    const held: Held = { ...wanted, serial: '1', notBefore: 0, notAfter };
    const atTheEnd = { start: notAfter - 1, end: notAfter, at: notAfter };
    const alarm = alarms.find(({ AlarmName }) => AlarmName === 'sluice-dev-certificate');
    const alarmAt = notAfter * (1 - (alarm?.Threshold ?? 100) / 100);

    expect(dueForRenewal(wanted, held, atTheEnd, alarmAt - 1).isDue).toBe(true);
  },
);

import { dueForRenewal, type Held } from '../../lib/certificates/due/due';
import { packaged, type Variant } from '../../scripts/local/package/package';
import { readTemplate } from '../../scripts/local/package/template';
import { type Alarm, type Datum, evaluate, identity, type Metric, type State, statsOf, watch } from './cloudwatch';

jest.setTimeout(120_000);

const alarmsOf = async (variant: Variant): Promise<readonly Alarm[]> =>
  readTemplate(
    await packaged(variant),
    'http://localhost',
  )<Alarm>('AWS::CloudWatch::Alarm').map(({ properties }) => properties);

let alarms: readonly Alarm[];
beforeAll(async () => {
  alarms = await alarmsOf('default');
});

const metric = (Namespace: string, MetricName: string, dimensions: Record<string, string> = {}): Metric => ({
  Namespace,
  MetricName,
  Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
});

/** What a stage with so many proxies is measured by. Names of AWS's own: Lambda, SQS and EC2 guides, available metrics. */
const measured = (proxies: number) => ({
  dead: metric('AWS/SQS', 'ApproximateNumberOfMessagesVisible', { QueueName: 'sluice-dev-reconcile-dead.fifo' }),
  reconcile: metric('AWS/Lambda', 'Errors', { FunctionName: 'sluice-dev-reconcile' }),
  renew: metric('AWS/Lambda', 'Errors', { FunctionName: 'sluice-dev-renew' }),
  unanswered: metric('Sluice/dev', 'Unanswered'),
  lifeLeft: metric('Sluice/dev', 'LifeLeft'),
  ...Object.fromEntries(
    Array.from({ length: proxies }, (_, index) => index + 1).flatMap((slot) => [
      [`synced${slot}`, metric('Sluice/dev', 'Synced', { Proxy: `${slot}` })],
      [
        `surplus${slot}`,
        metric('AWS/EC2', 'CPUSurplusCreditsCharged', { AutoScalingGroupName: `sluice-dev-proxy-${slot}` }),
      ],
    ]),
  ),
});
type Name = keyof ReturnType<typeof measured> | `${'synced' | 'surplus'}${1 | 2}`;

const hour = 60;
const day = 24 * hour;
const good: Readonly<Record<string, number>> = { lifeLeft: 80, synced1: 1, synced2: 1 };
const every: Readonly<Record<string, number>> = { renew: 12 * hour };

/** Another value than the good one at a minute, or none: `undefined`. */
type Fault = (minute: number) => number | 'good' | undefined;

/** The metrics of so many minutes in good times, but for the faults. Ticks come some seconds early or late. */
function lived(minutes: number, faults: Partial<Record<Name, Fault>> = {}, proxies = 1): readonly Datum[] {
  const metrics = Object.entries(measured(proxies)) as [Name, Metric][];
  return metrics.flatMap(([name, of]) => {
    const step = every[name] ?? 5;
    const fault = faults[name] ?? (() => 'good' as const);
    return Array.from(
      { length: Math.floor(minutes / step) },
      (_, index) => index * step + ((index * 7) % 10) / 10,
    ).flatMap((at) => {
      const value = fault(at);
      return value === undefined ? [] : { ...of, at, value: value === 'good' ? (good[name] ?? 0) : value };
    });
  });
}

const between =
  (from: number, to: number, value: number | undefined): Fault =>
  (minute) =>
    minute >= from && minute < to ? value : 'good';
const from = (minute: number, value: number | undefined): Fault => between(minute, Number.POSITIVE_INFINITY, value);

/** By alarm, what was told, and after how many minutes. */
const heard = (data: readonly Datum[], minutes: number, which = alarms) =>
  Object.fromEntries(
    which.flatMap((alarm) => {
      const told = watch(alarm, data, minutes);
      return told.length === 0 ? [] : [[alarm.AlarmName.replace('sluice-dev-', ''), told]];
    }),
  );
const names = (told: object) => Object.keys(told).sort();

describe('the rules of CloudWatch, as its guide tabulates them', () => {
  it.each<[number, string, readonly State[]]>([
    // With missing, ignore (when it was OK), breaching, notBreaching.
    [3, '0-X-X', ['OK', 'OK', 'OK', 'OK']],
    [3, '0----', ['OK', 'OK', 'OK', 'OK']],
    [3, '-----', ['INSUFFICIENT_DATA', 'OK', 'ALARM', 'OK']],
    [3, '0XX-X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    [3, '----X', ['INSUFFICIENT_DATA', 'OK', 'ALARM', 'OK']],
    [3, 'X----', ['ALARM', 'OK', 'ALARM', 'OK']],
    [2, '0-X-X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    [2, '00X0X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    [2, '0-X--', ['OK', 'OK', 'ALARM', 'OK']],
    [2, '----0', ['OK', 'OK', 'ALARM', 'OK']],
    [2, '----X', ['INSUFFICIENT_DATA', 'OK', 'ALARM', 'OK']],
  ])('%d of 3: %s', (DatapointsToAlarm, points, states) => {
    const range = [...points].map((point) => (point === '-' ? undefined : { breaching: point === 'X' }));
    const policies = ['missing', 'ignore', 'breaching', 'notBreaching'] as const;

    expect(
      policies.map((TreatMissingData) =>
        evaluate({ EvaluationPeriods: 3, DatapointsToAlarm, TreatMissingData }, range, 'OK'),
      ),
    ).toStrictEqual(states);
  });
});

describe('the alarms', () => {
  it('are seven, and each says what it means and what to do first', () => {
    expect(alarms).toHaveLength(7);
    for (const { AlarmDescription } of alarms) {
      expect(AlarmDescription).toMatch(/First: /);
      expect(AlarmDescription.length).toBeLessThanOrEqual(1024);
    }
  });

  it('look no further back than CloudWatch allows: a day', () => {
    for (const alarm of alarms)
      for (const { Period } of statsOf(alarm)) expect(Period * alarm.EvaluationPeriods).toBeLessThanOrEqual(86_400);
  });

  it.each(['default', 'twoProxies'] as const)('look at nothing that nobody measures: %s', async (variant) => {
    const known = Object.values(measured(variant === 'default' ? 1 : 2)).map(identity);
    const watched = (await alarmsOf(variant)).flatMap(statsOf).map(({ Metric }) => identity(Metric));

    expect([...watched].sort()).toStrictEqual([...known].sort());
  });

  it('tell one topic', () => {
    for (const { AlarmActions, InsufficientDataActions = AlarmActions } of alarms)
      expect([AlarmActions, InsufficientDataActions]).toStrictEqual([['AlarmTopic'], ['AlarmTopic']]);
  });
});

describe('nobody is woken', () => {
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
describe('somebody is told', () => {
  it.each<[string, Name, Fault, number]>([
    ['dead-letters', 'dead', from(day, 1), 5],
    ['reconcile', 'reconcile', from(day, 1), 15],
    ['renew', 'renew', from(day, 1), day],
    ['entrance', 'unanswered', from(day, 1), 20],
    ['certificate', 'lifeLeft', from(day, 14), 30],
    ['certificate', 'lifeLeft', from(day, 0), 30],
    ['push', 'synced1', from(day, 0), 20],
    ['cpu-credits', 'surplus1', from(day, 0.1), 3 * hour],
  ])('by %s when %s is bad', (alarm, name, fault, within) => {
    const told = heard(lived(4 * day, { [name]: fault }), 4 * day);

    expect(told).toStrictEqual({ [alarm]: [{ at: expect.any(Number), state: 'ALARM' }] });
    expect(told[alarm]?.[0]?.at).toBeLessThanOrEqual(day + within);
  });

  it('of a certificate near its end, and not of one that is due', () => {
    expect(names(heard(lived(day, { lifeLeft: from(0, 16.6) }), day))).toStrictEqual([]);
    expect(names(heard(lived(day, { lifeLeft: from(0, 14.9) }), day))).toStrictEqual(['certificate']);
  });

  it.each<[string, Name, number]>([
    ['reconcile', 'reconcile', 30],
    ['renew', 'renew', 3 * day],
    ['entrance', 'unanswered', 35],
    ['certificate', 'lifeLeft', 45],
    ['push', 'synced1', 35],
  ])('by %s when nothing is heard of %s any more', (alarm, name, within) => {
    const told = heard(lived(6 * day, { [name]: from(day, undefined) }), 6 * day);

    expect(told).toStrictEqual({ [alarm]: [{ at: expect.any(Number), state: 'INSUFFICIENT_DATA' }] });
    expect(told[alarm]?.[0]?.at).toBeLessThanOrEqual(day + within);
  });

  it.each([1, 2] as const)('when one of two proxies is silent: the one of slot %d', async (slot) => {
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

it.each([90, 64, 45, 6.7])('a certificate of %d days is due well before its alarm, whatever the CA wishes', (days) => {
  const notAfter = days * 86_400_000;
  const wanted = { names: ['sluice.test'], keyType: 'ecdsa-p256', directory: 'https://ca.test', profile: '' } as const;
  const held: Held = { ...wanted, serial: '1', notBefore: 0, notAfter };
  const atTheEnd = { start: notAfter - 1, end: notAfter, at: notAfter };
  const alarm = alarms.find(({ AlarmName }) => AlarmName === 'sluice-dev-certificate');
  const alarmAt = notAfter * (1 - (alarm?.Threshold ?? 100) / 100);

  expect(dueForRenewal(wanted, held, atTheEnd, alarmAt - 1).isDue).toBe(true);
});

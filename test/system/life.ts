import type { Datum, Metric } from './cloudwatch';

const metric = (Namespace: string, MetricName: string, dimensions: Record<string, string> = {}): Metric => ({
  Namespace,
  MetricName,
  Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
});

/** What a stage with so many proxies is measured by. Names of AWS's own: Lambda, SQS and EC2 guides, available metrics. */
export const measured = (proxies: number) => ({
  dead: metric('AWS/SQS', 'ApproximateNumberOfMessagesVisible', { QueueName: 'sluice-dev-reconcile-dead.fifo' }),
  reconcile: metric('AWS/Lambda', 'Errors', { FunctionName: 'sluice-dev-reconcile' }),
  renew: metric('AWS/Lambda', 'Errors', { FunctionName: 'sluice-dev-renew' }),
  unanswered: metric('Sluice/dev', 'Unanswered'),
  lifeLeft: metric('Sluice/dev', 'LifeLeft'),
  ...(Object.assign({}, ...[1, 2].slice(0, proxies).map(ofSlot)) as Readonly<Record<string, Metric>>),
});
const ofSlot = (slot: number) => ({
  [`synced${slot}`]: metric('Sluice/dev', 'Synced', { Proxy: `${slot}` }),
  [`surplus${slot}`]: metric('AWS/EC2', 'CPUSurplusCreditsCharged', {
    AutoScalingGroupName: `sluice-dev-proxy-${slot}`,
  }),
});
export type Name = keyof ReturnType<typeof measured> | `${'synced' | 'surplus'}${1 | 2}`;

export const hour = 60;
export const day = 24 * hour;
const good: Readonly<Record<string, number>> = { lifeLeft: 80, synced1: 1, synced2: 1 };
const every: Readonly<Record<string, number>> = { renew: 12 * hour };

/** Another value than the good one at a minute, or none: `undefined`. */
export type Fault = (minute: number) => number | 'good' | undefined;

/** The metrics of so many minutes in good times, but for the faults. Ticks come some seconds early or late. */
export function lived(minutes: number, faults: Partial<Record<Name, Fault>> = {}, proxies = 1): readonly Datum[] {
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

export const between =
  (from: number, to: number, value: number | undefined): Fault =>
  (minute) =>
    minute >= from && minute < to ? value : 'good';
export const from = (minute: number, value: number | undefined): Fault =>
  between(minute, Number.POSITIVE_INFINITY, value);

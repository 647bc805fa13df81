import type { World } from '../../scripts/local/world';

/** An alarm as the packaged template has it, resolved. */
export type Alarm = {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly Metrics?: readonly Query[];
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm?: number;
  readonly ComparisonOperator: keyof typeof breaches;
  readonly Threshold: number;
  readonly TreatMissingData: 'missing' | 'notBreaching' | 'breaching' | 'ignore';
  readonly AlarmActions?: readonly string[];
  readonly InsufficientDataActions?: readonly string[];
} & Partial<Metric & { readonly Statistic: Statistic; readonly Period: number }>;

export type Metric = {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[];
};
type Statistic = keyof typeof statistics;
type Stat = { readonly Metric: Metric; readonly Period: number; readonly Stat: Statistic };
type Query = {
  readonly Id: string;
  readonly MetricStat?: Stat;
  readonly Expression?: string;
  readonly ReturnData: boolean;
};

/** One measured value. `at` in minutes. */
export type Datum = Metric & { readonly at: number; readonly value: number };

export type State = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
/** A change of state that somebody was told of. */
export type Told = { readonly at: number; readonly state: State };

const breaches = {
  GreaterThanThreshold: (value: number, threshold: number) => value > threshold,
  LessThanThreshold: (value: number, threshold: number) => value < threshold,
};

const statistics = {
  Maximum: (values: readonly number[]) => Math.max(...values),
  Minimum: (values: readonly number[]) => Math.min(...values),
  Sum: (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0),
};

/** The metrics that an alarm looks at. */
export const statsOf = ({ Metrics, ...alarm }: Alarm): readonly Stat[] =>
  Metrics?.flatMap(({ MetricStat }) => MetricStat ?? []) ?? [
    { Metric: alarm as Metric, Period: alarm.Period ?? 0, Stat: alarm.Statistic ?? 'Sum' },
  ];

/** The identity of a metric: namespace, name and every dimension (AWS: CloudWatch concepts). */
export const identity = ({ Namespace, MetricName, Dimensions = [] }: Metric): string =>
  JSON.stringify([Namespace, MetricName, Dimensions.map(({ Name, Value }) => `${Name}=${Value}`).sort()]);

/** Lets time pass from minute 0, when the alarm is made, and gives the changes that its actions told. */
export function watch(alarm: Alarm, data: readonly Datum[], minutes: number): readonly Told[] {
  const period = (statsOf(alarm)[0]?.Period ?? 0) / 60;
  const points = pointsOf(alarm, data, period, Math.floor(minutes / period));
  const told: Told[] = [];
  let state: State = 'INSUFFICIENT_DATA';
  for (let end = 1; end <= points.length; end++) {
    const range = Array.from(
      { length: alarm.EvaluationPeriods + spare },
      (_, back) => points[end - 1 - back],
    ).reverse();
    const next = evaluate(alarm, range, state);
    const actions = next === 'ALARM' ? alarm.AlarmActions : next === 'OK' ? [] : alarm.InsufficientDataActions;
    // Actions follow changes only, never a state that simply is (AWS: Using CloudWatch alarms).
    if (next !== state && actions?.length) told.push({ at: end * period, state: next });
    state = next;
  }
  return told;
}

/** How many data points CloudWatch asks for beyond those it must judge: in its examples, 5 for 3. ASSUMED for others too. */
const spare = 2;

type Point = { readonly breaching: boolean } | undefined;
type Rule = Pick<Alarm, 'EvaluationPeriods' | 'DatapointsToAlarm' | 'TreatMissingData'>;

/** The state that data points make, the newest last (AWS: How alarm state is evaluated when data is missing). */
function evaluate(rule: Rule, range: readonly Point[], state: State): State {
  const { EvaluationPeriods: wanted, DatapointsToAlarm: enough = wanted, TreatMissingData: missing } = rule;
  const real = range.filter((point) => point !== undefined);
  const breaching = (points: readonly Point[]) => points.filter((point) => point?.breaching).length;
  if (real.length >= wanted) return breaching(real.slice(-wanted)) >= enough ? 'ALARM' : 'OK';

  const filled = missing === 'breaching' ? wanted - real.length : 0;
  if (missing === 'breaching' || missing === 'notBreaching') return breaching(real) + filled >= enough ? 'ALARM' : 'OK';
  if (real.length === 0) return missing === 'ignore' ? state : 'INSUFFICIENT_DATA';
  if (breaching(real) < real.length) return breaching(real) >= enough ? 'ALARM' : 'OK';
  // Only bad ones: they count when the oldest is old enough (Avoiding premature transitions to alarm state).
  const age = range.length - range.findIndex((point) => point !== undefined);
  if (missing === 'ignore') return state;
  return age >= enough ? 'ALARM' : 'INSUFFICIENT_DATA';
}

/** What the alarm makes of each period. */
function pointsOf(alarm: Alarm, data: readonly Datum[], period: number, count: number): readonly Point[] {
  checkExpression(alarm);
  const series = statsOf(alarm).map((stat) => seriesOf(stat, data, period));
  return Array.from({ length: count }, (_, index) => {
    const values = series.flatMap((each) => each.get(index) ?? []);
    // Missing values are taken for 0 (AWS: Metric math, basic arithmetic functions).
    const sum = values.reduce((left, right) => left + right, 0);
    return values.length === 0 ? undefined : { breaching: breaches[alarm.ComparisonOperator](sum, alarm.Threshold) };
  });
}

/** By the number of the period. */
function seriesOf({ Metric, Stat }: Stat, data: readonly Datum[], period: number): ReadonlyMap<number, number> {
  const wanted = identity(Metric);
  const values = new Map<number, number[]>();
  for (const { at, value } of data.filter((each) => identity(each) === wanted)) {
    const index = Math.floor(at / period);
    values.set(index, [...(values.get(index) ?? []), value]);
  }
  return new Map([...values].map(([index, each]) => [index, statistics[Stat](each)]));
}

/** Of metric math only the sum of all is known here. */
function checkExpression({ Metrics = [] }: Alarm): void {
  const sum = Metrics.flatMap(({ Id, MetricStat }) => (MetricStat ? Id : [])).join(' + ');
  const [returned, ...more] = Metrics.filter(({ ReturnData }) => ReturnData);
  if (more.length > 0 || (returned && (returned.Expression ?? returned.Id) !== sum))
    throw new Error(`nobody knows here what ${returned?.Expression} means`);
}

type Line = {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly [
      { Namespace: string; Dimensions: [[]]; Metrics: readonly { Name: string }[] },
    ];
  };
};
/** The metrics that CloudWatch reads from the functions' logs (AWS: Embedded metric format), and those that the sync puts. */
export const measured = (world: World): readonly Metric[] => [
  ...world
    .reconciles()
    .flatMap(({ lines }) => lines.filter((line) => line.includes('"_aws"')))
    .flatMap((line) => (JSON.parse(line) as Line)._aws.CloudWatchMetrics)
    .flatMap(({ Namespace, Metrics }) => Metrics.map(({ Name }) => ({ Namespace, MetricName: Name }))),
  ...world.aws.metrics.flatMap(({ Namespace, MetricData: { member } }) =>
    member.map(({ MetricName, Dimensions }) => ({ Namespace, MetricName, Dimensions: Dimensions?.member ?? [] })),
  ),
];

import type { Moment } from '../local/world';
import { answered, type Facts, fateOf } from './fate';
import type { Visit } from './visit';

/** A step of the story as it was played. Requests that start before the next step's `from` are counted here. */
export type PlayedStep = {
  readonly name: string;
  readonly from: number;
  readonly reloads: number;
  readonly samePid: boolean;
  readonly awsCalls: number;
};

/** Where the story stands. */
export type Progress = {
  readonly step: number;
  readonly of: number;
  readonly name: string;
  readonly at: number;
  /** How long this step and the following ones take, about. */
  readonly secondsLeft: number;
};

export const progressLine = ({ step, of, name, secondsLeft }: Progress): string =>
  `Step ${step} of ${of}: ${name} (${left(secondsLeft)})`;

const left = (seconds: number): string => {
  if (seconds >= 90) return `about ${Math.round(seconds / 60)} minutes left`;
  return seconds >= 45 ? 'about a minute left' : 'less than a minute left';
};

export type Totals = Readonly<Record<'requests' | 'failed' | 'lostWithTask' | 'expected503', number>>;
/** From RUNNING to the first request that the task answered: the median of the tasks that started then. */
type Waited = { readonly eventToFirstRequestMs?: number };

export type MeasuredStep = Omit<PlayedStep, 'from'> & Totals & Waited;
export type Measured = Waited & { readonly totals: Totals; readonly steps: readonly MeasuredStep[] };

/** Everything that was seen of the one service that is measured. */
export type Seen = { readonly moments: readonly Moment[]; readonly visits: readonly Visit[]; readonly facts: Facts };

/** Divides what was seen among the steps, and counts. */
export function measure(steps: readonly PlayedStep[], { moments, visits, facts }: Seen): Measured {
  const firsts = firstAnswers(visits);
  const waited = (some: readonly Moment[]) => {
    const waits = some.flatMap(({ kind, task = '', at }) => {
      const first = kind === 'task-running' ? firsts.get(task) : undefined;
      return first === undefined ? [] : [first - at];
    });
    return waits.length === 0 ? {} : { eventToFirstRequestMs: median(waits) };
  };
  const measured = steps.map(({ from, ...step }, index): MeasuredStep => {
    const until = steps[index + 1]?.from ?? Number.POSITIVE_INFINITY;
    const within = (at: number) => from <= at && at < until;
    const started = visits.filter(({ start }) => within(start));
    return { ...step, ...count(started, facts), ...waited(moments.filter(({ at }) => within(at))) };
  });
  return { totals: count(visits, facts), ...waited(moments), steps: measured };
}

export function count(visits: readonly Visit[], facts: Facts): Totals {
  const counts = { served: 0, failed: 0, lostWithTask: 0, expected503: 0 };
  for (const visit of visits) counts[fateOf(visit, facts)] += 1;
  const { served: _, ...others } = counts;
  return { requests: visits.length, ...others };
}

/** When the first request started that each task answered. */
function firstAnswers(visits: readonly Visit[]): ReadonlyMap<string, number> {
  const firsts = new Map<string, number>();
  for (const visit of visits)
    if (visit.task !== undefined && answered(visit))
      firsts.set(visit.task, Math.min(firsts.get(visit.task) ?? visit.start, visit.start));
  return firsts;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;

import type { Moment } from '../local/world';
import { answered, type Facts, fateOf, type Spell } from './measure';
import type { Visit } from './visit';

/** A step of the story as it was played. It owns the requests that started from `from` until the next step's. */
export type PlayedStep = {
  readonly name: string;
  readonly from: number;
  readonly reloads: number;
  readonly samePid: boolean;
  readonly awsCalls: number;
  /** Full reads of ECS: calls of ListTasks. */
  readonly ecsReads: number;
  /** Events that reached the queue. */
  readonly events: number;
  /** What HAProxy did so that clients saw nothing, by its own count; since the last reload if there was one. */
  readonly retries: number;
  readonly redispatches: number;
};

export type Totals = {
  readonly requests: number;
  readonly failed: number;
  readonly lostWithTask: number;
  readonly expected503: number;
};

export type MeasuredStep = Omit<PlayedStep, 'from'> &
  Totals & {
    /** From RUNNING to the start of the first request that the task answered: the median of the tasks that ran in this step. */
    readonly eventToFirstRequestMs?: number;
    /** From the stop order to the start of the last request that reached the task: the longest of this step. */
    readonly stopOrderToLastRequestMs?: number;
    /** From the death of the last task to the first answer of another. */
    readonly recoverMs?: number;
  };

export type Measured = {
  readonly totals: Totals;
  readonly steps: readonly MeasuredStep[];
  readonly eventToFirstRequestMs?: number;
};

/** Everything that was seen; `moments` are those of the one service that is measured. */
export type Seen = { readonly moments: readonly Moment[]; readonly visits: readonly Visit[]; readonly facts: Facts };

/** Divides what was seen among the steps, and counts. */
export function measure(steps: readonly PlayedStep[], { moments, visits, facts }: Seen): Measured {
  const contacts = contactsOf(visits);
  const measured = steps.map(({ from, name, ...cost }, index): MeasuredStep => {
    const until = steps[index + 1]?.from ?? Number.POSITIVE_INFINITY;
    const within = (at: number) => from <= at && at < until;
    const here = moments.filter(({ at }) => within(at));
    const started = visits.filter(({ start }) => within(start));
    return {
      name,
      ...count(started, facts),
      ...cost,
      ...present('eventToFirstRequestMs', median(waits(here, contacts))),
      ...present('stopOrderToLastRequestMs', longest(lingerings(here, contacts))),
      ...present(
        'recoverMs',
        longest(
          recoveries(
            facts.empty.filter(({ from }) => within(from)),
            visits,
          ),
        ),
      ),
    };
  });
  const overall = present('eventToFirstRequestMs', median(waits(moments, contacts)));
  return { totals: count(visits, facts), ...overall, steps: measured };
}

/** When a task was first reached by a request that it answered, and last by any. */
export type Contacts = ReadonlyMap<string, { readonly first?: number; readonly last: number }>;

export function contactsOf(visits: readonly Visit[]): Contacts {
  const contacts = new Map<string, { first?: number; last: number }>();
  for (const visit of visits) {
    if (visit.task === undefined) continue;
    const known = contacts.get(visit.task) ?? { last: visit.start };
    known.last = Math.max(known.last, visit.start);
    if (answered(visit)) known.first = Math.min(known.first ?? visit.start, visit.start);
    contacts.set(visit.task, known);
  }
  return contacts;
}

export const median = (values: readonly number[]): number | undefined =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

export function count(visits: readonly Visit[], facts: Facts): Totals {
  const fates = visits.map((visit) => fateOf(visit, facts));
  const of = (fate: string) => fates.filter((one) => one === fate).length;
  return {
    requests: visits.length,
    failed: of('failed'),
    lostWithTask: of('lostWithTask'),
    expected503: of('expected503'),
  };
}

const waits = (moments: readonly Moment[], contacts: Contacts): readonly number[] =>
  moments.flatMap(({ kind, task = '', at }) => {
    const first = kind === 'task-running' ? contacts.get(task)?.first : undefined;
    return first === undefined ? [] : [first - at];
  });

/** A task whose last request came before its stop order lingered for no time at all. */
const lingerings = (moments: readonly Moment[], contacts: Contacts): readonly number[] =>
  moments.flatMap(({ kind, task = '', at }) => {
    const last = kind === 'stop-ordered' ? contacts.get(task)?.last : undefined;
    return last === undefined ? [] : [Math.max(0, last - at)];
  });

/** A spell that nothing ended yet has no recovery. */
const recoveries = (spells: readonly Spell[], visits: readonly Visit[]): readonly number[] =>
  spells.flatMap(({ sudden, from }) => {
    const ends = visits.filter((visit) => visit.start > from && answered(visit)).map(({ end }) => end);
    return sudden && ends.length > 0 ? [ends.reduce((a, b) => Math.min(a, b)) - from] : [];
  });

const longest = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : Math.max(...values);

const present = <Key extends string>(key: Key, value: number | undefined): { [K in Key]?: number } =>
  value === undefined ? {} : ({ [key]: value } as { [K in Key]?: number });

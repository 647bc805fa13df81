import type { Spread } from './spread';

/** What a measurement found: what people read, in the terminal and in docs/, is made of this alone. */
export type Outcome = {
  readonly title: string;
  /** Programs with their versions, and how they were measured; a sentence each. */
  readonly setting: readonly string[];
  readonly tables: readonly Table[];
  readonly charts: readonly Chart[];
  readonly goals: readonly Goal[];
  /** What could not be measured, and why; a sentence each. */
  readonly notRun: readonly string[];
  /** All single values, for programs. */
  readonly measured: object;
};

export type Table = {
  readonly title: string;
  /** What the columns mean and how to read them, in sentences. */
  readonly note?: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
};

export type Chart = BarChart | LineChart;

/** Horizontal bars of one unit, from 0. */
export type BarChart = {
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly Bar[];
};

/** Values over time, from 0. */
export type LineChart = {
  readonly title: string;
  readonly unit: string;
  /** Each line's points are seconds and value, in order. */
  readonly lines: readonly { readonly label: string; readonly points: readonly (readonly [number, number])[] }[];
  /** What happened at which second, such as "reload". */
  readonly marks: { readonly label: string; readonly at: readonly number[] };
};

/** The thin line goes from the first quartile to the third. */
export type Bar = { readonly label: string; readonly spread: Spread; readonly isOurs?: boolean };

/** `open`: what it needs could not be measured here. */
export type Goal = {
  readonly what: string;
  /** Such as "at most 1.20". */
  readonly bound: string;
  /** What was measured, or what it needs. */
  readonly found: string;
  readonly verdict: 'met' | 'missed' | 'open';
};

/** @param value `undefined` where it could not be measured; `lacks` says why */
export function goalAtMost(what: string, most: number, value: number | undefined, lacks = '', digits = 2): Goal {
  return judged(what, `at most ${most}`, value, (found) => found <= most, lacks, digits);
}

/** @param value `undefined` where it could not be measured; `lacks` says why */
export function goalAtLeast(what: string, least: number, value: number | undefined, lacks = '', digits = 2): Goal {
  return judged(what, `at least ${least.toLocaleString('en-GB')}`, value, (found) => found >= least, lacks, digits);
}

function judged(
  what: string,
  bound: string,
  value: number | undefined,
  holds: (value: number) => boolean,
  lacks: string,
  digits: number,
): Goal {
  if (value === undefined) return { what, bound, found: lacks, verdict: 'open' };
  const found = value.toLocaleString('en-GB', { maximumFractionDigits: digits });
  return { what, bound, found, verdict: holds(value) ? 'met' : 'missed' };
}

import type { Clock, Cores } from '../../measure/cpu';
import { type Goal, goalAtMost, type Table } from '../../measure/outcome';
import { type Spread, spread } from '../../measure/spread';
import type { Round } from './compare';

export type Setting = {
  readonly haproxy: string;
  readonly clock: Clock;
  /** `undefined` where one core serves all. */
  readonly cores: Cores | undefined;
  readonly rounds: number;
  readonly seconds: number;
};

export type Compared = {
  readonly protocol: string;
  readonly first: string;
  readonly second: string;
  /** The first's CPU a request to the second's, and the largest that is right. */
  readonly ratio: Spread;
  readonly goal?: number;
  readonly firstMicroseconds: Spread;
  readonly secondMicroseconds: Spread;
};

export const comparedTable = (compared: readonly Compared[]): Table => ({
  title: 'CPU of one request: ratios',
  note: 'Both have the same requests, in turn. A difference within half of the rounds is noise.',
  head: ['CPU a request', 'first / second', 'first', 'second', 'ratio', 'half of the rounds', 'all rounds'],
  rows: compared.map(({ protocol, first, second, ratio, firstMicroseconds, secondMicroseconds }) => [
    protocol,
    `${first} / ${second}`,
    inMicroseconds(firstMicroseconds),
    inMicroseconds(secondMicroseconds),
    ratio.median.toFixed(3),
    ratio.quartiles.map((each) => each.toFixed(3)).join(' to '),
    `${ratio.least.toFixed(3)} to ${ratio.most.toFixed(3)}`,
  ]),
});

export const goalsOf = (compared: readonly Compared[]): readonly Goal[] =>
  compared.flatMap(({ protocol, first, second, ratio, goal }) =>
    goal === undefined ? [] : [goalAtMost(`${first} / ${second}, ${protocol}`, goal, ratio.median, '', 3)],
  );

export const settingLines = (
  { haproxy, clock, cores, rounds, seconds }: Setting,
  all: readonly Round[],
): readonly string[] => {
  const where = cores ? `on core ${cores.measured}, load and task on core ${cores.load}` : 'one core for all';
  const medians = `Medians of ${rounds} paired ${rounds === 1 ? 'round' : 'rounds'} of 4 × ${seconds} s of each`;
  return [`HAProxy ${haproxy} ${where}.`, `${medians}; CPU in ${clock}.`, ...disturbance(all)];
};

/** A process that shares its core has cold caches, and a larger configuration suffers more. */
function disturbance(rounds: readonly Round[]): readonly string[] {
  const waited = spread(rounds.flatMap(({ samples }) => samples.map((sample) => sample.waited))).median;
  return waited < 0.02
    ? []
    : [
        `Other processes held HAProxy's core for ${Math.round(waited * 100)} % of the time, so these ratios are too high; measure again on a quiet machine, or as root.`,
      ];
}

const inMicroseconds = ({ median }: Spread): string => `${median.toFixed(1)} µs`;

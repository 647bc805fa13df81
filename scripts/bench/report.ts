import { table } from '../terminal/table';
import type { Round } from './compare';
import type { Clock, Cores } from './cpu';
import { type Spread, spread } from './spread';

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

/** Only on a terminal. */
export const reportProgress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`${text}\n`);
};

export function edgeTable(compared: readonly Compared[], rounds: readonly Round[], setting: Setting): string {
  const titles = [
    'CPU a request',
    'first / second',
    'first',
    'second',
    'ratio',
    'goal',
    'half of the rounds',
    'all rounds',
  ];
  const rows = compared.map(({ protocol, first, second, ratio, goal, firstMicroseconds, secondMicroseconds }) => [
    protocol,
    `${first} / ${second}`,
    inMicroseconds(firstMicroseconds),
    inMicroseconds(secondMicroseconds),
    ratio.median.toFixed(3),
    goal === undefined ? '' : `≤ ${goal.toFixed(2)}`,
    ratio.quartiles.map((each) => each.toFixed(3)).join(' to '),
    `${ratio.least.toFixed(3)} to ${ratio.most.toFixed(3)}`,
  ]);
  return `${settingLine(setting)}\n\n${table([titles, ...rows], [], [0, 1])}\n${disturbance(rounds)}`;
}

export const settingLine = ({ haproxy, clock, cores, rounds, seconds }: Setting): string => {
  const where = cores ? `core ${cores.measured}, load and task on core ${cores.load}` : 'one core for all';
  const medians = `medians of ${rounds} paired ${rounds === 1 ? 'round' : 'rounds'}`;
  return `HAProxy ${haproxy}, ${where}; ${medians} of 4 × ${seconds} s of each; CPU in ${clock}`;
};

/** A process that shares its core has cold caches, and a larger configuration suffers more. */
export function disturbance(rounds: readonly Round[]): string {
  const waited = spread(rounds.flatMap(({ samples }) => samples.map((sample) => sample.waited))).median;
  return waited < 0.02
    ? ''
    : `\nOther processes held HAProxy's core for ${Math.round(waited * 100)} % of the time, so these ratios are too high; measure again on a quiet machine, or as root.\n`;
}

const inMicroseconds = ({ median }: Spread): string => `${median.toFixed(1)} µs`;

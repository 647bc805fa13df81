import { table } from '../table';
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
  readonly ratio: Spread;
  readonly sluiceMicroseconds: Spread;
  readonly referenceMicroseconds: Spread;
  readonly rounds: readonly Round[];
};

/** Only on a terminal. */
export const reportProgress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`${text}\n`);
};

export function edgeTable(compared: readonly Compared[], setting: Setting): string {
  const titles = ['CPU a request', 'reference', 'Sluice', 'ratio', 'half of the rounds', 'all rounds'];
  const rows = compared.map(({ protocol, ratio, sluiceMicroseconds, referenceMicroseconds }) => [
    protocol,
    inMicroseconds(referenceMicroseconds),
    inMicroseconds(sluiceMicroseconds),
    ratio.median.toFixed(3),
    ratio.quartiles.map((each) => each.toFixed(3)).join(' to '),
    `${ratio.least.toFixed(3)} to ${ratio.most.toFixed(3)}`,
  ]);
  const all = compared.flatMap(({ rounds }) => rounds);
  return `${settingLine(setting)}\n\n${table([titles, ...rows], [], [0])}\n${disturbance(all)}`;
}

export const settingLine = ({ haproxy, clock, cores, rounds, seconds }: Setting): string => {
  const where = cores ? `core ${cores.measured}, load and task on core ${cores.load}` : 'one core for all';
  const medians = `medians of ${rounds} paired ${rounds === 1 ? 'round' : 'rounds'}`;
  return `HAProxy ${haproxy}, ${where}; ${medians} of 4 × ${seconds} s of either; CPU in ${clock}`;
};

/** A process that shares its core has cold caches, and a larger configuration suffers more. */
export function disturbance(rounds: readonly Round[]): string {
  const waited = spread(rounds.flatMap(({ samples }) => samples.map((sample) => sample.waited))).median;
  return waited < 0.02
    ? ''
    : `\nOther processes held HAProxy's core for ${Math.round(waited * 100)} % of the time, so these ratios are too high; measure again on a quiet machine, or as root.\n`;
}

const inMicroseconds = ({ median }: Spread): string => `${median.toFixed(1)} µs`;

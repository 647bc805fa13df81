import { table } from '../cost/table';
import type { Clock, Cores } from './cpu';
import type { Compared } from './edge';
import type { Spread } from './spread';

export type Setting = {
  readonly haproxy: string;
  readonly clock: Clock;
  readonly cores: Cores | string;
  readonly rounds: number;
  readonly seconds: number;
};

/** How far it is, where somebody watches. */
export const tell = (text: string): void => {
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
  return `${settingLine(setting)}\n\n${table([titles, ...rows], [], [0])}\n`;
}

export const settingLine = ({ haproxy, clock, cores, rounds, seconds }: Setting): string => {
  const where = typeof cores === 'string' ? cores : `core ${cores.measured}, load and task on core ${cores.load}`;
  return (
    `HAProxy ${haproxy}, ${where}; medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, ` +
    `each 2 × ${seconds} s of either; CPU in ${clock}`
  );
};

const inMicroseconds = ({ median }: Spread): string => `${median.toFixed(1)} µs`;

import type { Clock, Cores } from '../../measure/cpu';
import { type Chart, type Goal, goalAtMost, type Table } from '../../measure/outcome';
import { type Spread, spread } from '../../measure/spread';
import type { Round } from './compare';
import { former, minimal, ours, type Pair, pairs, parts, peers, peersHere, without } from './entrants';
import { first } from './load';

export type Setting = {
  readonly haproxy: string;
  readonly clock: Clock;
  /** `undefined` where one core serves all. */
  readonly cores: Cores | undefined;
  readonly rounds: number;
  readonly seconds: number;
};

/** CPU a request in µs, of each that took part, in each round. */
export type Costs = {
  readonly protocol: string;
  readonly names: readonly string[];
  readonly rounds: readonly (readonly number[])[];
};

export type Compared = Pair & {
  readonly protocol: string;
  /** The first's CPU a request to the second's; `undefined` where one of them could not be run. */
  readonly ratio?: Spread;
  readonly firstMicroseconds?: Spread;
  readonly secondMicroseconds?: Spread;
};

const of = ({ names, rounds }: Costs, name: string): readonly number[] =>
  names.includes(name) ? rounds.map((round) => round[names.indexOf(name)] ?? Number.NaN) : [];

const ratios = (above: readonly number[], below: readonly number[]): readonly number[] =>
  above.map((each, round) => each / (below[round] ?? Number.NaN));

/** What both take part in, and what a peer that is not here would take part in. */
export const comparisons = (costs: readonly Costs[]): readonly Compared[] =>
  costs.flatMap((cost) =>
    pairs.flatMap((pair): readonly Compared[] => {
      const [above, below] = [of(cost, pair.first), of(cost, pair.second)];
      const { protocol } = cost;
      if (above.length > 0 && below.length > 0)
        return [
          {
            protocol,
            ...pair,
            ratio: spread(ratios(above, below)),
            firstMicroseconds: spread(above),
            secondMicroseconds: spread(below),
          },
        ];
      return isAbsent(pair.second) && pair.first === ours ? [{ protocol, ...pair }] : [];
    }),
  );

const isAbsent = (name: string): boolean => peers.some((peer) => peer.name === name && !peersHere.includes(peer));

export const comparedTable = (compared: readonly Compared[]): Table => ({
  title: 'CPU of one request: ratios',
  note: 'Both have the same requests, in turn. A difference within half of the rounds is noise. Sluice is the configuration that it publishes for one route.',
  head: ['CPU a request', 'first / second', 'first', 'second', 'ratio', 'half of the rounds', 'all rounds'],
  rows: compared.map(({ protocol, first, second, ratio, firstMicroseconds, secondMicroseconds }) =>
    ratio && firstMicroseconds && secondMicroseconds
      ? [
          protocol,
          `${first} / ${second}`,
          inMicroseconds(firstMicroseconds),
          inMicroseconds(secondMicroseconds),
          ratio.median.toFixed(3),
          ratio.quartiles.map((each) => each.toFixed(3)).join(' to '),
          `${ratio.least.toFixed(3)} to ${ratio.most.toFixed(3)}`,
        ]
      : [protocol, `${first} / ${second}`, '', 'not run', '', '', ''],
  ),
});

/** Why Sluice costs more than the least that passes requests on. */
export function partsTable(costs: readonly Costs[]): Table {
  const cost = costs.find(({ protocol }) => protocol === first.name) as Costs;
  const [whole, least] = [of(cost, ours), of(cost, minimal)];
  const share = (values: readonly number[]) => spread(values.map((value, round) => value / (least[round] ?? 1)));
  const rows = parts.map(({ what }) => {
    const lacking = of(cost, without(what));
    return [what, share(whole.map((value, round) => value - (lacking[round] ?? 0)))] as const;
  });
  const all = share(whole.map((value, round) => value - (least[round] ?? 0)));
  return {
    title: `What Sluice does besides passing a request on, over ${first.name}`,
    note:
      `In % of a request through ${minimal}, measured by leaving it out. The rows do not add up to the last one: what is left is another ` +
      'configuration, which may cost some per cent more or less by itself. `npm run bench -- lines` measures each line.',
    head: ['what', 'cost', 'half of the rounds'],
    rows: [...rows, ['all that Sluice does besides', all] as const].map(([what, { median, quartiles }]) => [
      what,
      percent(median),
      quartiles.map(percent).join(' to '),
    ]),
  };
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

export const costChart = (cost: Costs): Chart => ({
  title: `CPU of one request: ${cost.protocol}`,
  unit: 'µs',
  bars: [ours, ...peers.map(({ name }) => name), minimal, former]
    .filter((name) => cost.names.includes(name))
    .map((name) => ({ label: name, spread: spread(of(cost, name)), isOurs: name === ours })),
});

export const goalsOf = (compared: readonly Compared[]): readonly Goal[] =>
  compared.flatMap(({ protocol, first, second, ratio, goal }) =>
    goal === undefined
      ? []
      : [goalAtMost(`${first} / ${second}, ${protocol}`, goal, ratio?.median, `${second} was not run`, 3)],
  );

export const settingLines = (
  { haproxy, clock, cores, rounds, seconds }: Setting,
  all: readonly Round[],
): readonly string[] => {
  const where = cores
    ? `Each proxy on core ${cores.measured}, load and task on core ${cores.load}`
    : 'One core for all';
  const medians = `Medians of ${rounds} paired ${rounds === 1 ? 'round' : 'rounds'} of 4 × ${seconds} s of each`;
  return [
    `HAProxy ${haproxy}. ${where}.`,
    `${medians}; CPU of all processes of a proxy in ${clock}.`,
    ...disturbance(all),
  ];
};

/** A process that shares its core has cold caches, and a larger configuration suffers more. */
function disturbance(rounds: readonly Round[]): readonly string[] {
  const waited = spread(rounds.flatMap(({ samples }) => samples.map((sample) => sample.waited))).median;
  return waited < 0.02
    ? []
    : [
        `Other processes held the proxy's core for ${Math.round(waited * 100)} % of the time, so these ratios are too high; measure again on a quiet machine, or as root.`,
      ];
}

const inMicroseconds = ({ median }: Spread): string => `${median.toFixed(1)} µs`;

import { clock } from '../../measure/cpu';
import type { Outcome } from '../../measure/outcome';
import { spread } from '../../measure/spread';
import { haproxyVersion } from '../../real/haproxy';
import type { Deps, Given } from '../bench';
import { compareOnce, type Round } from './compare';
import { before, reference, sluice, sluiceFiles } from './configurations';
import { protocols } from './load';
import { type Compared, comparedTable, goalsOf, type Setting, settingLines } from './report';
import { prepare, type Stand } from './stand';

const names = ['reference.cfg', 'before.cfg', '1 route', '100 routes', '1,000 routes'] as const;
type Name = (typeof names)[number];

/** `goal` is the largest ratio that is right. */
const pairs: readonly { readonly first: Name; readonly second: Name; readonly goal?: number }[] = [
  { first: '1 route', second: 'reference.cfg' },
  { first: '1 route', second: 'before.cfg', goal: 1.02 },
  { first: '100 routes', second: '1 route' },
  { first: '1,000 routes', second: '1 route', goal: 1.1 },
];

/** Sluice's configuration, with few and with many routes, against two that never change, in paired rounds. */
export async function run(given: Given, { processes, progress }: Deps): Promise<Outcome> {
  const { rounds, seconds } = given as { rounds: number; seconds: number };
  const haproxy = haproxyVersion();
  const stand = await prepare(processes);
  const configurations = configurationsOn(stand);
  const measured: Round[][] = protocols.map(() => []);
  for (let round = 1; round <= rounds; round++) {
    const both = await compareOnce(stand, configurations, protocols, seconds);
    for (const [index, one] of both.entries()) measured[index]?.push(one);
    progress(`round ${round} of ${rounds}: ${both.map((one) => ratios(one).join(', ')).join('; ')}`);
  }
  const compared = protocols.flatMap((protocol, index) => compare(protocol, measured[index] ?? []));
  const setting: Setting = { haproxy, clock: clock(), cores: stand.cores, rounds, seconds };
  const all = protocols.map((protocol, index) => ({ protocol, configurations: names, rounds: measured[index] ?? [] }));
  return {
    title: 'What a request costs the proxy',
    setting: settingLines(setting, measured.flat()),
    tables: [comparedTable(compared)],
    charts: [],
    goals: goalsOf(compared),
    notRun: [],
    measured: { compared, measured: all },
  };
}

/** In the order of `names`. */
const configurationsOn = (stand: Stand) => [
  reference(stand),
  before(stand),
  ...[1, 100, 1_000].map((routes) => sluice(stand, `routes-${routes}`, sluiceFiles(stand, routes))),
];

const of = ({ microseconds }: Round, name: Name): number => microseconds[names.indexOf(name)] ?? Number.NaN;

const ratios = (round: Round): readonly string[] =>
  pairs.map(({ first, second }) => (of(round, first) / of(round, second)).toFixed(3));

const compare = (protocol: string, rounds: readonly Round[]): readonly Compared[] =>
  pairs.map((pair) => ({
    protocol,
    ...pair,
    ratio: spread(rounds.map((round) => of(round, pair.first) / of(round, pair.second))),
    firstMicroseconds: spread(rounds.map((round) => of(round, pair.first))),
    secondMicroseconds: spread(rounds.map((round) => of(round, pair.second))),
  }));

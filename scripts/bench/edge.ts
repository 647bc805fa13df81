import { haproxyVersion } from '../local/haproxy';
import type { Processes } from '../local/processes';
import { compareOnce, type Round } from './compare';
import { reference, sluice, sluiceFiles } from './configurations';
import { clock } from './cpu';
import { protocols } from './load';
import type { Options } from './options';
import { edgeTable, tell } from './report';
import { spread } from './spread';
import { prepare } from './stand';

export type Compared = {
  readonly protocol: string;
  readonly ratio: ReturnType<typeof spread>;
  readonly sluiceMicroseconds: ReturnType<typeof spread>;
  readonly referenceMicroseconds: ReturnType<typeof spread>;
  readonly rounds: readonly Round[];
};

/** Sluice's configuration against the reference, in paired rounds. */
export async function edge({ rounds, seconds }: Options, processes: Processes) {
  const haproxy = haproxyVersion();
  const stand = await prepare(processes);
  const pair = [sluice(stand, 'sluice', sluiceFiles(stand)), reference(stand)] as const;
  const measured: Round[][] = protocols.map(() => []);
  for (let round = 0; round < rounds; round++) {
    const begins = round % 2 === 0 ? 'first' : 'second';
    const both = await compareOnce(stand, pair, { protocols, seconds, begins });
    both.forEach((one, index) => {
      measured[index]?.push(one);
    });
    tell(`round ${round + 1} of ${rounds}: ${both.map(({ ratio }) => ratio.toFixed(3)).join(', ')}`);
  }
  const compared = protocols.map((protocol, index) => compare(protocol, measured[index] ?? []));
  const setting = { haproxy, clock: clock(), cores: stand.cores ?? 'one core for all', rounds, seconds };
  return { forPeople: edgeTable(compared, setting), forPrograms: { bench: 'edge', ...setting, compared } };
}

const compare = (protocol: string, rounds: readonly Round[]): Compared => ({
  protocol,
  ratio: spread(rounds.map(({ ratio }) => ratio)),
  sluiceMicroseconds: spread(rounds.flatMap(({ first }) => first.map(({ microseconds }) => microseconds))),
  referenceMicroseconds: spread(rounds.flatMap(({ second }) => second.map(({ microseconds }) => microseconds))),
  rounds,
});

import { haproxyVersion } from '../real/haproxy';
import type { Processes } from '../real/processes';
import { compareOnce, type Round } from './compare';
import { reference, sluice, sluiceFiles } from './configurations';
import { clock } from './cpu';
import { protocols } from './load';
import type { Options } from './options';
import { type Compared, edgeTable, reportProgress, type Setting } from './report';
import { spread } from './spread';
import { prepare } from './stand';

/** Sluice's configuration against the reference, in paired rounds. */
export async function edge({ rounds, seconds }: Options, processes: Processes) {
  const haproxy = haproxyVersion();
  const stand = await prepare(processes);
  const pair = [sluice(stand, 'sluice', sluiceFiles(stand)), reference(stand)] as const;
  const measured: Round[][] = protocols.map(() => []);
  for (let round = 1; round <= rounds; round++) {
    const both = await compareOnce(stand, pair, protocols, seconds);
    for (const [index, one] of both.entries()) measured[index]?.push(one);
    reportProgress(`round ${round} of ${rounds}: ${both.map(({ ratio }) => ratio.toFixed(3)).join(', ')}`);
  }
  const compared = protocols.map((protocol, index) => compare(protocol, measured[index] ?? []));
  const setting: Setting = { haproxy, clock: clock(), cores: stand.cores, rounds, seconds };
  return { forPeople: edgeTable(compared, setting), forPrograms: { bench: 'edge', ...setting, compared } };
}

const compare = (protocol: string, rounds: readonly Round[]): Compared => ({
  protocol,
  ratio: spread(rounds.map(({ ratio }) => ratio)),
  sluiceMicroseconds: spread(rounds.map(({ first }) => first)),
  referenceMicroseconds: spread(rounds.map(({ second }) => second)),
  rounds,
});

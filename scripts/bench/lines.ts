import { haproxyVersion } from '../real/haproxy';
import type { Processes } from '../real/processes';
import { compareOnce, type Round } from './compare';
import { type Configuration, reference, sluice, sluiceFiles } from './configurations';
import { clock } from './cpu';
import { type Line, type Lines, linesTable } from './lines-report';
import type { Options } from './options';
import { reportProgress, type Setting } from './report';
import { spread } from './spread';
import { prepare, type Stand } from './stand';
import { variantsOf } from './variants';

type Pair = readonly [first: Configuration, second: Configuration];

/** The configuration with each line repeated, or without it, against the whole: over HTTP/1.1, for the rules are the same. */
export async function lines({ rounds, seconds }: Options, processes: Processes) {
  const haproxy = haproxyVersion();
  const stand = await prepare(processes);
  const files = sluiceFiles(stand);
  const whole = sluice(stand, 'whole', files);
  const all: Round[] = [];
  const ratios = async (what: string, pair: Pair) => {
    const measured = await inRounds(stand, pair, rounds, seconds);
    all.push(...measured);
    const found = measured.map(({ microseconds: [first = Number.NaN, second = Number.NaN] }) => first / second);
    reportProgress(`${what}: ${spread(found).median.toFixed(3)}`);
    return found;
  };
  const toReference = spread(await ratios('whole', [whole, reference(stand)]));
  const same = (await ratios('the same twice', [whole, whole])).map((ratio) => Math.abs(ratio - 1));
  const measured: Line[] = [];
  const needed: string[] = [];
  for (const [index, { section, text, more, files: changed }] of variantsOf(files).entries()) {
    const share = (ratio: number) => ((ratio - 1) * toReference.median) / more;
    const pair = [sluice(stand, `variant-${index}`, changed), whole] as const;
    try {
      measured.push({ section, text, more, cost: spread((await ratios(text, pair)).map(share)) });
    } catch (error) {
      if (more > 0) throw error;
      needed.push(text);
    }
  }
  const found: Lines = { whole: toReference, noise: spread(same).median * toReference.median, lines: measured, needed };
  const setting: Setting = { haproxy, clock: clock(), cores: stand.cores, rounds, seconds };
  return { forPeople: linesTable(found, all, setting), forPrograms: { bench: 'edge --lines', ...setting, ...found } };
}

async function inRounds(stand: Stand, pair: Pair, rounds: number, seconds: number): Promise<readonly Round[]> {
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round++)
    measured.push(...(await compareOnce(stand, pair, ['HTTP/1.1 keep-alive'], seconds)));
  return measured;
}

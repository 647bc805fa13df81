import { clock } from '../../measure/cpu';
import type { Outcome } from '../../measure/outcome';
import { spread } from '../../measure/spread';
import { haproxyVersion } from '../../real/haproxy';
import type { Deps, Given } from '../bench';
import { compareOnce, type Round } from './compare';
import { type Configuration, reference, sluice, sluiceFiles } from './configurations';
import { type Line, type Lines, linesTable } from './lines-report';
import { first } from './load';
import { settingLines } from './report';
import { prepare, type Stand } from './stand';
import { variantsOf } from './variants';

type Pair = readonly [first: Configuration, second: Configuration];

/** The configuration with each line repeated, or without it, against the whole: over HTTP/1.1, for the rules are the same. */
export async function run(given: Given, { processes, progress }: Deps): Promise<Outcome> {
  const { rounds, seconds } = given as { rounds: number; seconds: number };
  const haproxy = haproxyVersion();
  const stand = await prepare(processes);
  const files = sluiceFiles(stand);
  const whole = sluice(stand, 'whole', files);
  const all: Round[] = [];
  const ratios = async (what: string, pair: Pair) => {
    const measured = await inRounds(stand, pair, rounds, seconds);
    all.push(...measured);
    const found = measured.map(({ microseconds: [first = Number.NaN, second = Number.NaN] }) => first / second);
    progress(`${what}: ${spread(found).median.toFixed(3)}`);
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
  return {
    title: "What each line of Sluice's configuration costs",
    setting: settingLines({ haproxy, clock: clock(), cores: stand.cores, rounds, seconds }, all),
    tables: [linesTable(found)],
    charts: [],
    goals: [],
    notRun: [],
    measured: found,
  };
}

async function inRounds(stand: Stand, pair: Pair, rounds: number, seconds: number): Promise<readonly Round[]> {
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round++)
    measured.push(...(await compareOnce(stand, pair, [{ protocol: first, of: [0, 1] }], seconds)));
  return measured;
}

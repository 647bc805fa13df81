import { clock } from '../../measure/cpu';
import type { Outcome } from '../../measure/outcome';
import { haproxyVersion } from '../../real/haproxy';
import type { Deps, Given } from '../bench';
import { type Contest, compareOnce, type Round } from './compare';
import { sluice, tasksFiles } from './configurations';
import { contestsOf, type Entrant, entrantsOn, minimal, ours, peers, peersHere } from './entrants';
import { type Latency, latencyOf } from './latency';
import { host } from './load';
import { startMeasured } from './measured';
import { memoryTaken } from './memory';
import { reasonsTable } from './reasons';
import {
  type Compared,
  comparedTable,
  comparisons,
  costChart,
  goalsOf,
  partsTable,
  type Setting,
  settingLines,
} from './report';
import { latencyChart, latencyTable, type Measurements, memoryChart, memoryGoals, memoryTable } from './report-besides';
import { prepare, type Stand } from './stand';

type Asked = { readonly rounds: number; readonly seconds: number; readonly rate: number; readonly tasks: number };

/** Sluice's configuration, with few and with many routes, against two that never change and against other proxies, in paired rounds. */
export async function run(given: Given, { processes, progress }: Deps): Promise<Outcome> {
  const { rounds, seconds, rate, tasks } = given as Asked;
  const haproxy = haproxyVersion();
  const stand = await prepare(processes);
  const entrants = entrantsOn(stand);
  const contests = contestsOf(entrants);
  const memory = await memoryOn(stand, tasks, progress);
  const measured: Round[][] = contests.map(() => []);
  const latencies: Latency[][] = [];
  const rivals = entrants.filter(({ name }) => [minimal, ours, ...peers.map((peer) => peer.name)].includes(name));
  for (let round = 1; round <= rounds; round++) {
    const found = await compareOnce(stand, configurationsOf(entrants), contests, seconds);
    for (const [index, one] of found.entries()) measured[index]?.push(one);
    latencies.push(await latenciesOf(stand, rivals, rate, 4 * seconds));
    progress(`round ${round} of ${rounds}`);
  }
  return outcomeOf({ haproxy, clock: clock(), cores: stand.cores, rounds, seconds }, rate, {
    entrants,
    contests,
    measured,
    latencies: rivals.map(({ name }, index) => ({ name, rounds: latencies.map((all) => all[index] as Latency) })),
    memory,
  });
}

const configurationsOf = (entrants: readonly Entrant[]) => entrants.map(({ configuration }) => configuration);

/** Of each in turn, by a new process. */
async function latenciesOf(stand: Stand, rivals: readonly Entrant[], rate: number, seconds: number) {
  const found: Latency[] = [];
  for (const { configuration } of rivals) {
    const proxy = await startMeasured(stand, configuration);
    found.push(await latencyOf(stand, proxy, rate, seconds));
    await proxy.stop();
  }
  return found;
}

async function memoryOn(stand: Stand, most: number, progress: (text: string) => void): Promise<Measurements['memory']> {
  const found: Measurements['memory'][number][] = [];
  for (const tasks of [10, 1_000, 5_000].filter((each) => each <= most)) {
    progress(`memory with ${tasks} tasks`);
    const own = sluice(stand, `tasks-${tasks}`, tasksFiles(stand, tasks));
    found.push({ name: ours, tasks, taken: await memoryTaken(stand, own) });
    for (const { name, configuration } of peersHere) {
      const service = { hosts: [host], tasks: addresses(stand, tasks) };
      found.push({ name, tasks, taken: await memoryTaken(stand, configuration(stand, name, service)) });
    }
  }
  return found;
}

/** The first is the one that answers. */
const addresses = ({ task }: Stand, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) =>
    index === 0 ? `${task.host}:${task.port}` : `127.9.${index >> 8}.${index & 255}:${task.port}`,
  );

type All = Measurements & {
  readonly entrants: readonly Entrant[];
  readonly contests: readonly Contest[];
  readonly measured: readonly (readonly Round[])[];
};

function outcomeOf(setting: Setting, rate: number, all: All): Outcome {
  const names = all.entrants.map(({ name }) => name);
  const costs = all.contests.map(({ protocol, of }, index) => ({
    protocol: protocol.name,
    names: of.map((place) => names[place] ?? ''),
    rounds: (all.measured[index] ?? []).map(({ microseconds }) => of.map((place) => microseconds[place] ?? Number.NaN)),
  }));
  const compared: readonly Compared[] = comparisons(costs);
  return {
    title: 'What a request costs the proxy',
    setting: [
      ...settingLines(setting, all.measured.flat()),
      ...peersHere.map((peer) => `${peer.name} ${peer.version()}: ${peer.setting}`),
    ],
    tables: [
      comparedTable(compared),
      ...reasonsTable(compared),
      partsTable(costs),
      latencyTable(all.latencies, rate),
      memoryTable(all.memory),
    ],
    charts: [...costs.map(costChart), latencyChart(all.latencies, rate), ...memoryChart(all.memory)],
    goals: [...goalsOf(compared), ...memoryGoals(all.memory)],
    notRun: peers.filter((peer) => !peersHere.includes(peer)).map(({ absent }) => `${absent}.`),
    measured: {
      compared,
      measured: all.contests.map(({ protocol }, index) => ({
        protocol: protocol.name,
        configurations: names,
        rounds: all.measured[index],
      })),
      latencies: all.latencies,
      memory: all.memory,
    },
  };
}

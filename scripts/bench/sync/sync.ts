import type { Outcome } from '../../measure/outcome';
import { haproxyVersion } from '../../real/haproxy';
import type { Processes } from '../../real/processes';
import type { Deps, Given } from '../bench';
import { goFirst } from '../propagation/priority';
import { type CaseName, casesOf, type Measured, measure, type Stand } from './cases';
import { countTable, goalsOf, type Round, ratioTable, stageTable, timeChart, timeTable } from './report';
import { startProxy, startTasks } from './stand';

/** Tasks of the proxy with few. */
const few = 50;

/** One run of the sync, as an instance makes it, for changes of many sizes. Both proxies take turns in each round. */
export async function run(given: Given, { processes, progress }: Deps): Promise<Outcome> {
  const { rounds, tasks } = given as { rounds: number; tasks: number };
  if (process.platform !== 'linux') throw new Error('the bench reads /proc, so it needs Linux');
  const haproxy = haproxyVersion();
  progress(`starting a proxy with ${tasks} tasks`);
  const ports = await startTasks(processes, Math.max(tasks, few));
  const stand = { large: await startProxy(processes, ports, tasks), small: await startProxy(processes, ports, few) };
  const cases = casesOf(tasks, few);
  const measured: Round[] = [];
  const { stop } = goFirst();
  for (let round = 1; round <= rounds; round++) {
    measured.push(
      await measureOnce(stand, processes, cases, (name) => progress(`round ${round} of ${rounds}: ${name}`)),
    );
  }
  stop();
  await Promise.all([stand.large.stop(), stand.small.stop()]);
  const told = { cases, rounds: measured };
  return {
    title: 'What a run of the sync takes',
    setting: settingLines(haproxy, stand, rounds),
    tables: [timeTable(told), ratioTable(told), countTable(told), stageTable(told)],
    charts: [timeChart(told)],
    goals: goalsOf(told),
    notRun: [],
    measured: told,
  };
}

async function measureOnce(
  stand: Stand,
  processes: Processes,
  cases: ReturnType<typeof casesOf>,
  tell: (name: string) => void,
): Promise<Round> {
  const runs: [CaseName, Measured][] = [];
  for (const [name, one] of Object.entries(cases) as [CaseName, (typeof cases)[CaseName]][]) {
    tell(one.name);
    runs.push([name, await measure(stand, one)]);
  }
  const from = performance.now();
  await processes.launch(['node', '-e', '0'], { environment: {} }).exited;
  const empty = performance.now() - from;
  return { empty, runs: Object.fromEntries(runs) as Round['runs'] };
}

const settingLines = (haproxy: string, { large, small }: Stand, rounds: number): readonly string[] => [
  `HAProxy ${haproxy}, one process of the bundled sync for each run, Node.js ${process.versions.node}.`,
  `Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}; the two proxies, with ${large.fleet.services} and ${small.fleet.services} services, take turns.`,
  'Parameter Store and the metadata service are played on the same machine, so they answer at once; in AWS each call takes some ms more.',
  'The tasks answer checks by HTTP, every ten seconds, on the same machine.',
];

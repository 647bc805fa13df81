import { type Goal, goalAtMost, type Outcome } from '../../measure/outcome';
import type { Deps, Given } from '../bench';
import { type Bundle, bundlesOf, bundleTables, heaviest } from './bundles';
import { type Burst, burstOf } from './burst';
import { packagedFunctions } from './invoked';
import { type Fleet, runsOf, runTable, sizes, stageTable, unlabelled } from './runs';
import { type Start, startsOf, startTable } from './start';

const [mostRatio, mostBytes, mostCalls, mostReads] = [1.3, 300_000, 110, 5];
const goalTasks = 5_000;

/** Bundles and starts of all functions, and what a run of reconcile costs, all of what the packager wrote. */
export async function run(given: Given, { processes, progress }: Deps): Promise<Outcome> {
  const { rounds, mostTasks } = given as { rounds: number; mostTasks: number };
  progress('packages the stack');
  const functions = await packagedFunctions(`${processes.folder}/functions`, 'http://127.0.0.1:9');
  const bundles = await bundlesOf(functions);
  const starts = await startsOf(functions, processes.folder, rounds, progress);
  const fleets: Fleet[] = [];
  for (const size of [...sizes.filter(({ tasks }) => tasks <= mostTasks), unlabelled]) {
    progress(`runs reconcile with ${size.tasks} tasks`);
    fleets.push({ size, runs: await runsOf(processes, size) });
  }
  progress('sends 1,000 events');
  const burst = await burstOf(processes);
  return {
    title: 'What the functions cost',
    setting: settingLines(rounds, burst),
    tables: [startTable(starts), runTable(fleets), stageTable(fleets), ...bundleTables(bundles)],
    charts: [startChart(starts)],
    goals: goalsOf({ bundles, starts, fleets, burst }),
    notRun: [],
    measured: { bundles, starts, fleets, burst },
  };
}

const settingLines = (rounds: number, { events, batches, fullReads, lastsMs }: Burst): readonly string[] => [
  `The packaged bundles on Node.js ${process.versions.node}, each run in a process of its own, with real clients of AWS; AWS is played, in another process.`,
  `Starts: medians of ${rounds} pairs. A round is one wait for AWS: it answers when reconcile only waits, and then all its calls; so AWS's own delays do not count.`,
  `The burst: ${events.toLocaleString('en-GB')} events about 100 tasks in three seconds, by the played queue; a read of ECS takes 0.9 s of AWS's time. The function took them in ${batches} batches, with ${fullReads} full reads, in ${(lastsMs / 1000).toFixed(1)} s.`,
];

const startChart = (starts: readonly Start[]) => ({
  title: 'CPU of a start, to that of a handler that only imports its clients of AWS',
  unit: 'times',
  bars: starts.map(({ name, cpu }) => ({ label: name, spread: cpu, isOurs: true })),
});

type Found = {
  readonly bundles: readonly Bundle[];
  readonly starts: readonly Start[];
  readonly fleets: readonly Fleet[];
  readonly burst: Burst;
};

function goalsOf({ bundles, starts, fleets, burst }: Found): readonly Goal[] {
  const tick = fleets.find(({ size }) => size.tasks === goalTasks)?.runs.find(({ what }) => what === 'tick, no change');
  return [
    ...starts.map(({ name, cpu }) => goalAtMost(`start of ${name} / bare handler, CPU`, mostRatio, cpu.median)),
    ...bundles.map((bundle) => sizeGoal(bundle)),
    goalAtMost('calls of a tick without a change, 5,000 tasks', mostCalls, tick?.calls, 'it needs --most-tasks 5000'),
    goalAtMost('full reads in a burst of 1,000 events', mostReads, burst.fullReads),
  ];
}

/** A missed goal says what holds it up. */
function sizeGoal(bundle: Bundle): Goal {
  const goal = goalAtMost(`kB of ${bundle.name}, zipped`, mostBytes / 1000, bundle.zipped / 1000, '', 0);
  return goal.verdict === 'missed' ? { ...goal, found: `${goal.found}: ${heaviest(bundle)}` } : goal;
}

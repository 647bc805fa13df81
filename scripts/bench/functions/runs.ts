import type { Table } from '../../measure/outcome';
import type { Processes } from '../../real/processes';
import { playFleet, type Size } from './fleet';
import { type Reconcile, startReconcile } from './invoked';
import { inRounds, isAsleep, type Round } from './rounds';

/** The CPU that the function spent until these calls were made. */
type Stage = Round & { readonly cpuMs: number };

/** One run of reconcile: what it asked of AWS, how often it waited, and its own CPU. */
export type Run = {
  readonly what: string;
  readonly action: string;
  readonly calls: number;
  readonly writes: number;
  readonly cpuMs: number;
  readonly stages: readonly Stage[];
};

export type Fleet = { readonly size: Size; readonly runs: readonly Run[] };

export const sizes: readonly Size[] = [10, 100, 1_000, 5_000].map((tasks) => ({ tasks, services: 40, hosts: 250 }));
/** One service with labels; each of its tasks is of a revision of its own, as after 800 deploys by hand. */
export const unlabelled: Size = { tasks: 800, services: 1, hosts: 40, revisions: 800 };

const tick = JSON.stringify({ source: 'sluice.tick', id: '1' });

/** By the packaged function, in a process of its own that starts with the first run. */
export async function runsOf(processes: Processes, size: Size): Promise<readonly Run[]> {
  const fleet = playFleet(size);
  const stages: Stage[] = [];
  const handlers = inRounds(fleet.handlers, {
    isIdle: () => isAsleep(reconcile.pid),
    seen: (round) => void stages.push({ ...round, cpuMs: reconcile.cpu() }),
  });
  const reconcile: Reconcile = await startReconcile(processes, handlers);
  try {
    const measure = (what: string, body: string) => measured(what, reconcile, stages, body);
    return [
      await measure('first generation, cold', tick),
      await measure('tick, no change', tick),
      await measure('a stop order', fleet.stop(0)),
    ];
  } finally {
    await reconcile.stop();
  }
}

async function measured(what: string, reconcile: Reconcile, stages: Stage[], body: string): Promise<Run> {
  stages.length = 0;
  const [before, cpu] = [reconcile.api.calls.length, reconcile.cpu()];
  const { action } = await reconcile.invoke([body]);
  const actions = reconcile.api.calls.slice(before).map((call) => call.action);
  const writes = actions.filter((each) => each === 'ssm:PutParameter').length;
  const own = stages.map((stage, index) => ({ ...stage, cpuMs: stage.cpuMs - (stages[index - 1]?.cpuMs ?? cpu) }));
  return { what, action, calls: actions.length, writes, cpuMs: reconcile.cpu() - cpu, stages: own };
}

const counted = (value: number): string => value.toLocaleString('en-GB');
const definitionsIn = ({ stages }: Run): number =>
  stages.flatMap(({ actions }) => actions).filter((action) => action === 'ecs:DescribeTaskDefinition').length;

export const runTable = (fleets: readonly Fleet[]): Table => ({
  title: 'Runs of reconcile',
  note: 'The first run includes the start of the function. The last three rows are of one service whose 800 tasks each have a definition of their own, all but one without labels. Writes go one after another, because Parameter Store takes about three a second.',
  head: ['tasks', 'run', 'calls', 'of them writes', 'definitions', 'rounds', 'CPU'],
  rows: fleets.flatMap(({ size, runs }) =>
    runs.map((run) => [
      counted(size.tasks),
      run.what,
      counted(run.calls),
      counted(run.writes),
      counted(definitionsIn(run)),
      counted(run.stages.length),
      `${Math.round(run.cpuMs)} ms`,
    ]),
  ),
});

const shownTasks = 100;

/** From the event to the nudge, with what ECS and Parameter Store are asked at once. */
export function stageTable(fleets: readonly Fleet[]): Table {
  const run = fleets.find(({ size }) => size.tasks === shownTasks)?.runs.at(-1);
  const rows = (run?.stages ?? []).map(({ actions, cpuMs }, index) => [
    String(index + 1),
    [...new Set(actions)].map((action) => action.replace(/^\w+:/, '')).join(' and '),
    `${cpuMs.toFixed(1)} ms`,
  ]);
  return {
    title: `From the event to the nudge, stage by stage: a stop order among ${shownTasks} tasks`,
    note: 'CPU is what reconcile itself needs, from the answers before until these calls are made. One measurement on a warm function.',
    head: ['round', 'calls', 'CPU before'],
    rows,
  };
}

import { type Goal, goalAtLeast, goalAtMost, type Outcome } from '../measure/outcome';
import { spread } from '../measure/spread';
import { haproxyVersion } from '../real/haproxy';
import { chartsOf } from './charts';
import { type Sample, workerChanges } from './samples';
import type { Soaked } from './soak';
import {
  changesTable,
  commandsTable,
  faultTables,
  number,
  ofProxy,
  processesTable,
  requestsTable,
  sum,
} from './tables';

/** What the soak found. */
export function outcomeOf(soaked: Soaked): Outcome {
  const { given, book, failed, samples } = soaked;
  return {
    title: 'Hundreds of changes a minute under every kind of request',
    setting: settingOf(soaked),
    tables: [
      requestsTable(soaked),
      ...faultTables(soaked),
      changesTable(soaked),
      commandsTable(soaked),
      processesTable(soaked),
    ],
    charts: chartsOf(soaked),
    goals: goalsOf(soaked),
    notRun: [],
    measured: {
      given,
      requests: { sent: book.state.sent, served: Object.fromEntries(book.served), failed },
      tasks: soaked.tasks.map(({ process: _, log: __, ...facts }) => facts),
      changes: Object.fromEntries(book.changes),
      commands: Object.fromEntries(book.deliveries),
      ...{
        reloads: book.reloads,
        checks: book.checks,
        syncMs: book.syncMs.map(Math.round),
        broken: [...book.broken],
        samples,
      },
    },
  };
}

/** These are counts, so they decide the exit code; how fast and how large is only printed. */
export const exitCodeOf = ({ failed, book }: Soaked): number =>
  ofProxy(failed).length > 0 || book.broken.size > 0 ? 1 : 0;

const settingOf = ({ given, book, seconds }: Soaked): readonly string[] => [
  `HAProxy ${haproxyVersion()} and the bundled sync, as its document carries it; tasks are processes, visitors have one of their own. Parameter Store and ECS are played.`,
  `${Math.round(seconds)} s with seed ${given.seed}: ${number(Math.round(book.state.sent / seconds))} requests a second were sent, and ${number(Math.round((60 * sum(book.changes.values())) / seconds))} changes a minute were made.`,
  `After each of ${number(book.checks.generations)} generations, HAProxy's structure, servers and routes and the files on the disk were compared with what was published; ${number(book.checks.routes)} routes and ${number(book.checks.handshakes)} handshakes were asked for from outside.`,
];

function goalsOf(soaked: Soaked): readonly Goal[] {
  const { given, book, failed, samples, oldWorkersLeft } = soaked;
  const share = given.minutes / 3;
  const unnamed = Math.max(0, workerChanges(samples).length - book.reloads.length);
  const lacks = 'needs --minutes 1 or more';
  return [
    goalAtLeast('requests', Math.round(100_000 * share), book.state.sent),
    goalAtLeast('changes', Math.round(500 * share), sum(book.changes.values())),
    goalAtMost('requests that failed by the proxy', 0, ofProxy(failed).length),
    goalAtMost('laws that were broken', 0, book.broken.size),
    goalAtMost('another PID without a change of structure', 0, unnamed),
    goalAtMost('old workers left when nobody had a connection', 0, oldWorkersLeft),
    goalAtMost('memory of master and serving worker, last quarter / second', 1.15, ratio(soaked, held), lacks),
    goalAtMost(
      'descriptors of the serving worker, last quarter / second',
      1.25,
      ratio(soaked, ({ workerDescriptors }) => workerDescriptors),
      lacks,
    ),
  ];
}

const held = ({ masterKilobytes, workerKilobytes }: Sample): number => masterKilobytes + workerKilobytes;

/** Medians of two quarters, in most of which no reload comes. */
function ratio({ samples, seconds }: Soaked, value: (sample: Sample) => number): number | undefined {
  const quarter = (which: number) => {
    const [from, until] = [(which * seconds) / 4, ((which + 1) * seconds) / 4];
    return samples.filter((sample) => sample.seconds >= from && sample.seconds < until).map(value);
  };
  const [second, last] = [quarter(1), quarter(3)];
  return second.length < 10 || last.length < 10 ? undefined : spread(last).median / spread(second).median;
}

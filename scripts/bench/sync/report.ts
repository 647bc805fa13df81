import { type Bar, type Chart, type Goal, goalAtMost, type Table } from '../../measure/outcome';
import { type Spread, spread } from '../../measure/spread';
import type { CaseName, Cases, Measured } from './cases';
import { stageNames } from './trace';

/** What one round measured; `empty` is the time of an empty script, in ms. */
export type Round = { readonly empty: number; readonly runs: Readonly<Record<CaseName, Measured>> };

type Told = { readonly cases: Cases; readonly rounds: readonly Round[] };

const names = (cases: Cases): readonly CaseName[] => Object.keys(cases) as CaseName[];
const of = (rounds: readonly Round[], name: CaseName, value: (run: Measured) => number): Spread =>
  spread(rounds.map(({ runs }) => value(runs[name])));
const milliseconds = ({ median }: Spread): string => `${figure(median)} ms`;
const figure = (value: number): string => value.toLocaleString('en-GB', { maximumFractionDigits: value < 10 ? 1 : 0 });
const range = ({ quartiles }: Spread): string => quartiles.map(figure).join(' to ');

export const timeTable = ({ cases, rounds }: Told): Table => {
  const empty = spread(rounds.map((round) => round.empty));
  return {
    title: 'What one run of the sync takes',
    note:
      'Time is from the start of the script to its end. Its CPU includes the shell, Node.js and `haproxy -c`; HAProxy’s is that of master and worker, ' +
      'less what their checks of the tasks take. Memory is the most that Node.js has held.',
    head: ['run', 'time', 'half of the rounds', 'CPU of the sync', 'CPU of HAProxy', 'memory'],
    rows: [
      ['an empty script of Node.js', milliseconds(empty), range(empty), '', '', ''],
      ...names(cases).map((name) => {
        const all = (value: (run: Measured) => number) => of(rounds, name, value);
        const time = all((run) => run.milliseconds);
        const cpu = [all((run) => run.cpuMilliseconds), all((run) => run.haproxyMilliseconds)].map(milliseconds);
        return [
          cases[name].name,
          milliseconds(time),
          range(time),
          ...cpu,
          `${figure(all((run) => run.memoryKB).median / 1024)} MB`,
        ];
      }),
    ],
  };
};

export const countTable = ({ cases, rounds }: Told): Table => ({
  title: 'What one run of the sync asks',
  note: 'Commands to HAProxy may share a connection. A call of AWS is one of Parameter Store; the metadata service has the credentials.',
  head: ['run', 'connections to HAProxy', 'commands', 'bytes of its replies', 'reloads', 'calls of AWS', 'of metadata'],
  rows: names(cases).map((name) => {
    const all = (value: (run: Measured) => number) => figure(of(rounds, name, value).median);
    return [
      cases[name].name,
      all(({ counts }) => counts.connections),
      all(({ counts }) => counts.commands),
      all(({ counts }) => counts.received),
      figure(rounds.reduce((sum, { runs }) => sum + runs[name].reloads, 0)),
      all(({ counts }) => counts.parameterStore),
      all(({ counts }) => counts.metadata),
    ];
  }),
});

export const stageTable = ({ cases, rounds }: Told): Table => ({
  title: 'The time of a run, stage by stage',
  note: 'Medians in ms.',
  head: ['stage', ...shown.map((name) => cases[name].name)],
  rows: stageNames.map((stage, at) => [
    stage,
    ...shown.map((name) => figure(of(rounds, name, ({ stages }) => stages[at] ?? 0).median)),
  ]),
});

const shown: readonly CaseName[] = ['nothingFew', 'nothingMany', 'oneFew', 'oneMany', 'all'];

export const timeChart = ({ cases, rounds }: Told): Chart => ({
  title: 'Time of one run of the sync',
  unit: 'ms',
  bars: [
    { label: 'an empty script of Node.js', spread: spread(rounds.map(({ empty }) => empty)) },
    ...names(cases).map(
      (name): Bar => ({ label: cases[name].name, spread: of(rounds, name, (run) => run.milliseconds), isOurs: true }),
    ),
  ],
});

const ratio = (rounds: readonly Round[], value: (run: Measured) => number): Spread =>
  spread(rounds.map(({ runs }) => value(runs.oneMany) / value(runs.oneFew)));

const pairOf = ({ oneMany, oneFew }: Cases): string => `${oneMany.name} / ${oneFew.name}`;

export const ratioTable = ({ cases, rounds }: Told): Table => ({
  title: pairOf(cases),
  note: 'The sync listens to a new task for 300 ms, when HAProxy has it already.',
  head: ['of', 'ratio', 'half of the rounds'],
  rows: [
    ['time', (run: Measured) => run.milliseconds] as const,
    ['time without that of listening', (run: Measured) => run.milliseconds - run.listened] as const,
    ['CPU of the sync', (run: Measured) => run.cpuMilliseconds] as const,
  ].map(([what, value]) => {
    const { median, quartiles } = ratio(rounds, value);
    return [what, median.toFixed(2), quartiles.map((each) => each.toFixed(2)).join(' to ')];
  }),
});

export function goalsOf({ cases, rounds }: Told): readonly Goal[] {
  const most = (name: CaseName, value: (run: Measured) => number) => of(rounds, name, value).most;
  const reloads = rounds.flatMap(({ runs }) => Object.values(runs)).reduce((sum, run) => sum + run.reloads, 0);
  return [
    goalAtMost(`time: ${pairOf(cases)}`, 1.5, ratio(rounds, (run) => run.milliseconds).median),
    goalAtMost('reloads by all of these runs together', 0, reloads),
    goalAtMost(`commands: ${pairOf(cases)}`, 1, ratio(rounds, ({ counts }) => counts.commands).most),
    goalAtMost(
      'calls of AWS where nothing changed',
      1,
      most('nothingMany', ({ counts }) => counts.parameterStore),
    ),
  ];
}

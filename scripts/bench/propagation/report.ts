import { controlPlaneDelay, delays } from '../../local/delays';
import { type Chart, type Goal, goalAtLeast, goalAtMost, type Outcome, type Table } from '../../measure/outcome';
import { type Spread, spread } from '../../measure/spread';
import { type Accounted, type Cause, causes, type Deploy, type Row, words } from './account';
import { stages } from './path';
import { services, tasksEach } from './services';
import { traefikName } from './traefik';
import { seedName, type Way } from './ways';

export type Measured = {
  readonly ways: readonly Way[];
  readonly deploys: readonly Deploy[];
  /** How many deploys were asked for, and why fewer were measured. */
  readonly wanted: number;
  readonly failure: string | undefined;
  readonly rate: number;
  readonly ttls: readonly number[];
  readonly healthMs: number;
};

export function outcomeOf(measured: Measured): Outcome {
  const { deploys } = measured;
  return {
    title: 'From a new task to its first request',
    setting: settingLines(measured),
    tables: [firstTable(measured), lastTable(measured), failedTable(measured), pathTable(deploys)],
    charts: [
      chart('First request on a new task, after RUNNING', 's', measured, inSeconds('firstMs')),
      chart('Last request on an old task, after the stop order', 's', measured, inSeconds('lastMs')),
      chart('Failed requests in a deploy of six tasks', 'requests', measured, failures),
    ],
    goals: goalsOf(measured),
    notRun: notRun(measured),
    measured,
  };
}

const notRun = ({ ways, deploys, wanted, failure }: Measured): readonly string[] => [
  ...(ways.some(({ name }) => name === traefikName)
    ? []
    : ['Traefik, because TRAEFIK names no binary; this part of the bench has never run.']),
  ...(failure === undefined ? [] : [`${wanted - deploys.length} of ${wanted} deploys, because ${failure}.`]),
];

function settingLines({ ways, deploys, rate, healthMs }: Measured): readonly string[] {
  const seconds = (ms: number) => `${(ms / 1_000).toLocaleString('en-GB')} s`;
  const names = ways.map(({ name, program }) => `${name} (${program})`).join(', ');
  return [
    `Rolling deploys: ${deploys.length}, each of two services at once, ${tasksEach} tasks each, at least 100 % healthy and at most 200 %, on a played ECS; its health checks are ${seconds(healthMs)} apart.`,
    `All ways stand in front of the same tasks at the same time, each with ${rate} GET requests a second to each service: ${names}.`,
    `The played AWS takes ${seconds(controlPlaneDelay(delays))} from a change in ECS to the first line of the sync, of which ${seconds(delays.commandMs)} are assumed for Run Command.`,
    'Cloud Map lists a task once its health check has passed, and until its stop order; Route 53 is assumed to show that at once.',
    "A VPC's resolver keeps each list for its TTL; how much of it is left when a deploy begins is drawn at random, evenly. HAProxy asks once a second.",
    `The tasks, which have hosts of their own elsewhere, give way on the processor. The machine's load average was ${spread(deploys.map(({ load }) => load)).median.toFixed(1)}: the higher, the slower Sluice's functions and sync.`,
  ];
}

const rowsOf = (deploys: readonly Deploy[], way: string, service?: string): readonly Row[] =>
  deploys.flatMap(({ rows }) => rows.filter((row) => row.way === way && (service ?? row.service) === row.service));

const inSeconds =
  (field: 'firstMs' | 'medianMs' | 'lastMs') =>
  (row: Accounted): number =>
    (row[field] ?? Number.NaN) / 1_000;

const failures = ({ failed }: Accounted): number => causes.reduce((sum, cause) => sum + failed[cause], 0);

const pairs = ({ ways }: Measured) =>
  ways.flatMap(({ name: way }) => services.map(({ name }) => ({ way, service: name })));

function firstTable(measured: Measured): Table {
  const { deploys } = measured;
  return {
    title: 'First request on a new task',
    note: 'Seconds after ECS reported the first new task RUNNING; `each task`: the median of all new tasks, each after its own RUNNING. The ratio is of the same deploys.',
    head: [
      'way',
      'service',
      'first',
      'half of the deploys',
      'all deploys',
      'each task',
      "× Sluice's",
      'half of the deploys',
    ],
    rows: pairs(measured).map(({ way, service }) => {
      const rows = rowsOf(deploys, way, service);
      const [first, each] = [spread(rows.map(inSeconds('firstMs'))), spread(rows.map(inSeconds('medianMs')))];
      const ours = rowsOf(deploys, 'Sluice', service).map(inSeconds('firstMs'));
      const ratio = spread(rows.map((row, deploy) => inSeconds('firstMs')(row) / (ours[deploy] ?? Number.NaN)));
      return [way, service, ...three(first, ' s'), `${digits(each.median)} s`, digits(ratio.median), halfOf(ratio, '')];
    }),
  };
}

function lastTable(measured: Measured): Table {
  return {
    title: 'Last request on an old task',
    note: 'Seconds from the last stop order of a service to the last request that an old task answered or that failed. With the pre-stop container an old task serves for 10 s after it.',
    head: ['way', 'service', 'last', 'half of the deploys', 'all deploys'],
    rows: pairs(measured).map(({ way, service }) => [
      ...[way, service],
      ...three(spread(rowsOf(measured.deploys, way, service).map(inSeconds('lastMs'))), ' s'),
    ]),
  };
}

function failedTable(measured: Measured): Table {
  return {
    title: 'Failed requests by cause',
    note: 'Of all deploys together. "Unexplained" is what no fact about the tasks excuses, or what failed later than the way must know of the stop.',
    head: ['way', 'service', 'requests', 'failed', 'share', ...causes.map((cause) => words[cause])],
    rows: pairs(measured).map(({ way, service }) => {
      const rows = rowsOf(measured.deploys, way, service);
      const [requests, failed] = [sum(rows.map((row) => row.requests)), sum(rows.map(failures))];
      const byCause = causes.map((cause) => count(sum(rows.map((row) => row.failed[cause]))));
      return [way, service, count(requests), count(failed), `${digits((100 * failed) / requests)} %`, ...byCause];
    }),
  };
}

/** What the played AWS is set to take, where a stage is AWS's. */
const played: Readonly<Record<number, number>> = { 0: delays.eventMs, 1: delays.queueMs, 5: delays.commandMs };

function pathTable(deploys: readonly Deploy[]): Table {
  const traced = deploys.flatMap(({ stages: took }) => (took === undefined ? [] : [took]));
  const row = (name: string, took: readonly number[], ofAws = '', isOurs = true) => {
    const { median, quartiles } = spread(took.length > 0 ? took : [Number.NaN]);
    const all = `${Math.round(median)} ms`;
    return [name, all, `${quartiles.map((ms) => Math.round(ms)).join(' to ')} ms`, ofAws, isOurs ? all : ''];
  };
  const ofStage = (name: string, index: number) => {
    const aws = played[index];
    const took = traced.map((each) => each[index] ?? Number.NaN);
    return aws === undefined ? row(name, took) : row(name, took, `${aws} ms`, false);
  };
  return {
    title: 'The path, stage by stage',
    note: `Medians, on the way of the first new task; deploys whose stages could be told apart: ${traced.length}. A task may answer before the sync has ended, because the sync still checks its work.`,
    head: ['stage', 'took', 'half of the deploys', 'the played AWS is set to', 'ours'],
    rows: [
      ...stages.map(ofStage),
      row('all', traced.map(sum), `${controlPlaneDelay(delays)} ms`, false),
      row(
        'ours together',
        traced.map((each) => sum(each.filter((_, index) => played[index] === undefined))),
      ),
    ],
  };
}

function goalsOf(measured: Measured): readonly Goal[] {
  const { deploys, ttls } = measured;
  const median = (way: string) => {
    const rows = rowsOf(deploys, way);
    return rows.length === 0 ? undefined : spread(rows.map(inSeconds('firstMs'))).median;
  };
  const ours = median('Sluice') ?? Number.NaN;
  const times = (way: string) => {
    const theirs = median(way);
    return theirs === undefined ? undefined : theirs / ours;
  };
  const of = (service: string, which: readonly Cause[]) =>
    sum(rowsOf(deploys, 'Sluice', service).flatMap(({ failed }) => which.map((cause) => failed[cause])));
  const [patient = '', abrupt = ''] = services.map(({ name }) => name);
  const seed = ttls.includes(60) ? times(seedName(60)) : undefined;
  return [
    goalAtLeast(`first request: ${seedName(60)} / Sluice`, 15, seed, 'needs --longest-ttl 60', 1),
    goalAtLeast('first request: Traefik / Sluice', 2.5, times(traefikName), 'needs Traefik', 1),
    goalAtMost('failed requests of Sluice with pre-stop', 0, of(patient, causes)),
    goalAtMost('failed requests of Sluice without pre-stop that have no cause', 0, of(abrupt, ['unexplained'])),
  ];
}

const chart = (title: string, unit: string, measured: Measured, value: (row: Accounted) => number): Chart => ({
  title,
  unit,
  bars: pairs(measured).map(({ way, service }) => ({
    label: `${way}, ${service}`,
    spread: spread(rowsOf(measured.deploys, way, service).map(value)),
    isOurs: way === 'Sluice',
  })),
});

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const count = (value: number): string => value.toLocaleString('en-GB');
const digits = (value: number): string => (value < 10 ? value.toFixed(2) : value.toFixed(1));
const halfOf = ({ quartiles }: Spread, unit: string): string => `${quartiles.map(digits).join(' to ')}${unit}`;
const three = (all: Spread, unit: string): readonly string[] => [
  `${digits(all.median)}${unit}`,
  halfOf(all, unit),
  `${digits(all.least)} to ${digits(all.most)}${unit}`,
];

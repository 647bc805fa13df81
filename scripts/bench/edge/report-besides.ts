import { type Chart, type Goal, goalAtMost, type Table } from '../../measure/outcome';
import { spread } from '../../measure/spread';
import { minimal, ours } from './entrants';
import type { Latency } from './latency';
import { held, type Taken } from './memory';

const { cost, memoryOf, sockets } = require('../../../resources/limits.cjs') as {
  cost: Record<'system' | 'sync', number>;
  memoryOf: (type: string) => number;
  sockets: (memory: number) => number;
};

export type Measurements = {
  readonly latencies: readonly { readonly name: string; readonly rounds: readonly Latency[] }[];
  readonly memory: readonly { readonly name: string; readonly tasks: number; readonly taken: Taken }[];
};

export const latencyTable = (latencies: Measurements['latencies'], rate: number): Table => ({
  title: `Time to an answer at ${rate.toLocaleString('en-GB')} requests a second, HTTP/2 over TLS`,
  note: 'Eight connections send a request each at fixed moments, whether earlier ones have been answered or not, so a slow answer delays no request. Medians of the rounds; the time is counted from the request to the end of its answer, with the part of the client and of the task.',
  head: ['proxy', 'median', '99 % within', 'half of the rounds'],
  rows: latencies.map(({ name, rounds }) => {
    const p99 = spread(rounds.map((each) => each.p99));
    const median = spread(rounds.map((each) => each.median)).median;
    return [
      name,
      `${median.toFixed(2)} ms`,
      `${p99.median.toFixed(2)} ms`,
      p99.quartiles.map((each) => each.toFixed(2)).join(' to '),
    ];
  }),
});

export const latencyChart = (latencies: Measurements['latencies'], rate: number): Chart => ({
  title: `99 % of the answers within, at ${rate.toLocaleString('en-GB')} requests a second`,
  unit: 'ms',
  bars: [...latencies]
    .sort((a, b) => Number(a.name === minimal) - Number(b.name === minimal))
    .map(({ name, rounds }) => ({ label: name, spread: spread(rounds.map(({ p99 }) => p99)), isOurs: name === ours })),
});

/** What a t4g.nano has for the processes of HAProxy: its memory less the system, a sync, and what the kernel may take for sockets. */
const type = 't4g.nano';
const budget = memoryOf(type) * 1024 - cost.system - cost.sync - sockets(memoryOf(type));

export const memoryTable = (memory: Measurements['memory']): Table => ({
  title: 'Memory of all processes',
  note: `Memory that processes share is counted once, in brackets for each. Three reloads followed each other while ${held} requests in progress held each old process. HAProxy and nginx keep the old processes, Caddy has one.`,
  head: ['proxy', 'tasks', 'started', 'after three reloads'],
  rows: memory.map(({ name, tasks, taken }) => [
    name,
    tasks.toLocaleString('en-GB'),
    both(taken.started),
    both(taken.reloaded),
  ]),
});

const both = ({ proportional, resident }: Taken['started']): string => `${inMB(proportional)} MB (${inMB(resident)})`;
const inMB = (kilobytes: number): string => (kilobytes / 1024).toFixed(1);

export const memoryChart = (memory: Measurements['memory']): readonly Chart[] =>
  [...new Set(memory.map(({ tasks }) => tasks))].map((tasks) => ({
    title: `Memory with ${tasks.toLocaleString('en-GB')} tasks`,
    unit: 'MB',
    bars: memory
      .filter((each) => each.tasks === tasks)
      .flatMap(({ name, taken: { started, reloaded } }) => [
        { label: name, spread: spread([started.proportional / 1024]), isOurs: name === ours },
        { label: `${name}, reloaded`, spread: spread([reloaded.proportional / 1024]), isOurs: name === ours },
      ]),
  }));

/** The budget holds four workers at their limit of connections; these hold a few. */
export const memoryGoals = (memory: Measurements['memory']): readonly Goal[] =>
  memory
    .filter(({ name }) => name === ours)
    .map(({ tasks, taken }) =>
      goalAtMost(
        `MB after three reloads, ${tasks.toLocaleString('en-GB')} tasks, of a ${type}'s`,
        Math.floor(budget / 1024),
        taken.reloaded.proportional / 1024,
        '',
        1,
      ),
    );

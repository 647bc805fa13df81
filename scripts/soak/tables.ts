import type { Table } from '../measure/outcome';
import { spread } from '../measure/spread';
import { deliveries } from './book';
import { type Cause, causes } from './fate';
import { happenings, isStructural } from './happenings';
import { kinds } from './requests';
import type { Sample } from './samples';
import type { Soaked } from './soak';

export const ofProxy = (failed: Soaked['failed']): Soaked['failed'] => failed.filter(({ cause }) => cause === 'proxy');
export const number = (value: number): string => value.toLocaleString('en-GB');
export const sum = (values: Iterable<number>): number => [...values].reduce((all, value) => all + value, 0);

/** Only the causes that occurred, and the one that must not. */
export function requestsTable({ book, failed }: Soaked): Table {
  const found = (Object.keys(causes) as Cause[]).filter(
    (cause) => cause === 'proxy' || failed.some((each) => each.cause === cause),
  );
  const counted = (kind: string | undefined, cause?: Cause) =>
    failed.filter((each) => (kind ?? each.kind) === each.kind && (cause ?? each.cause) === each.cause).length;
  const row = (label: string, kind: string | undefined, served: readonly (readonly [number, number])[]) => {
    const [plain, secure] = [0, 1].map((scheme) => sum(served.map((each) => each[scheme] ?? 0))) as [number, number];
    const all = [plain + secure + counted(kind), plain, secure, ...found.map((cause) => counted(kind, cause))];
    return [label, ...all.map(number)];
  };
  return {
    title: 'What became of each request',
    note: found.map((cause) => `${cause}: ${causes[cause]}`).join('\n'),
    head: ['kind', 'sent', 'served by HTTP', 'by HTTPS', ...found],
    rows: [
      ...kinds.map((kind) => row(kind, kind, [book.served.get(kind) ?? [0, 0]])),
      row('all', undefined, [...book.served.values()]),
    ],
  };
}

const shown = 20;

/** The faults, where there are any. */
export function faultTables({ failed, book }: Soaked): readonly Table[] {
  const lost = ofProxy(failed);
  const requests: Table = {
    title: `Requests that failed by the proxy: ${lost.length}${lost.length > shown ? `, the first ${shown}` : ''}`,
    head: ['request', 'kind', 'service', 'answer', 'milliseconds'],
    rows: lost
      .slice(0, shown)
      .map(({ id, kind, secure, service, status, error, start, end }) => [
        id,
        `${kind}, ${secure ? 'HTTPS' : 'HTTP'}`,
        service,
        [status, error].filter((each) => each !== undefined).join(': '),
        String(end - start),
      ]),
  };
  const laws: Table = {
    title: `Laws that were broken: ${book.broken.size}${book.broken.size > shown ? `, the first ${shown}` : ''}`,
    head: ['what was wrong'],
    rows: [...book.broken].slice(0, shown).map((words) => [words.slice(0, 400)]),
  };
  return [requests, laws].filter(({ rows }) => rows.length > 0);
}

export const changesTable = ({ book: { changes } }: Soaked): Table => ({
  title: 'What changed',
  note: 'Only those of structure may reload HAProxy.',
  head: ['change', 'times', ''],
  rows: (Object.keys(happenings) as (keyof typeof happenings)[]).map((kind) => [
    kind,
    number(changes.get(kind) ?? 0),
    isStructural(kind) ? 'structure' : '',
  ]),
});

export const commandsTable = ({ book }: Soaked): Table => ({
  title: 'How the generations reached the proxy',
  ...(book.syncMs.length > 0 && {
    note: `From the command until HAProxy ran it took ${number(Math.round(spread(book.syncMs).median))} ms (median), on this busy machine.`,
  }),
  head: ['command', 'times'],
  rows: (Object.keys(deliveries) as (keyof typeof deliveries)[]).map((way) => [
    way,
    number(book.deliveries.get(way) ?? 0),
  ]),
});

/** One row for each worker that served. */
export function processesTable({ samples, book: { reloads } }: Soaked): Table {
  const workers = [...new Set(samples.map(({ worker }) => worker))];
  return {
    title: 'The processes of HAProxy',
    note: `${reloads.length} reloads, each for a change of structure: ${reloads.map(({ why }) => why.join(' and ')).join(', ') || 'none'}. A worker's memory is PSS: its own, and its share of what it holds together with others.`,
    head: ['worker', 'first seen', 'last seen', 'kB at first', 'kB at last', 'descriptors at last'],
    rows: workers.map((worker) => {
      const own = samples.filter((sample) => sample.worker === worker);
      const [first, last] = [own[0] as Sample, own.at(-1) as Sample];
      const seconds = [first.seconds, last.seconds].map((each) => `${each.toFixed(0)} s`);
      const held = [first.workerKilobytes, last.workerKilobytes, last.workerDescriptors].map(number);
      return [String(worker), ...seconds, ...held];
    }),
  };
}

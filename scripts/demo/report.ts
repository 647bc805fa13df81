import type { Certified, Swap } from './certificate';
import { seconds } from './follow';
import type { Measured, MeasuredStep, Totals } from './steps';

/** What the demo consists of, in three lines. */
export const introduction = (haproxyVersion: string, controlPlaneDelayMs: number, perSecond: number): string =>
  `Real: HAProxy ${haproxyVersion}, the packaged functions and sync, the tasks (processes), ${perSecond} requests a second,
a certificate authority (Pebble), which asks the played zone by DNS.
Played: AWS around them, which takes its time: ${seconds(controlPlaneDelayMs)} from an event to the proxy.
Nothing is repeated by the visitors: a request without its whole answer is counted.`;

/** What is told at the end: the table, what it means, and what else has to be said of it. */
export function closing(measured: Measured, remarks: readonly string[], controlPlaneDelayMs: number): string {
  return ['', table(measured.steps), legend, '', ...verdict(measured, controlPlaneDelayMs), ...remarks].join('\n');
}

const columns: readonly (readonly [title: string, cell: (step: MeasuredStep) => string])[] = [
  ['requests', (step) => number(step.requests)],
  ['failed', (step) => number(step.failed)],
  ['lost', (step) => number(step.lostWithTask)],
  ['503', (step) => number(step.expected503)],
  ['reloads', (step) => `${step.reloads}${step.samePid ? '' : '*'}`],
  ['rescued', (step) => number(step.retries + step.redispatches)],
  ['first', (step) => duration(step.eventToFirstRequestMs)],
  ['last', (step) => duration(step.stopOrderToLastRequestMs)],
  ['calls', (step) => number(step.awsCalls)],
];

/** The steps, one a row, fit for 100 columns. */
export function table(steps: readonly MeasuredStep[]): string {
  const rows = steps.map((step) => [step.name, ...columns.map(([, cell]) => cell(step))]);
  const all = [['step', ...columns.map(([title]) => title)], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return all.map(line).join('\n');
}

const legend = `lost: not repeatable, and with a task that died or closed its door · *: a new process
503: until the proxy could know of a first task · calls: of AWS's API
rescued: connections that HAProxy tried again, unseen by visitors
first: first request after a task ran (median) · last: last request after a stop order (longest)`;

/** How the certificate came, and came again. */
export function certificateLines(
  { issuer, servedSerial, serials, requests }: Certified,
  swaps: readonly Swap[],
): readonly string[] {
  const [first, renewed] = swaps;
  if (first === undefined || renewed === undefined) return [];
  const end = servedSerial === serials.at(-1) ? '' : `; but in the end ${servedSerial} is served`;
  return [
    `By HTTPS came ${requests.map(number).join(' and ')} requests with the first certificate and with the renewed one, and ` +
      `trusted nobody but ${issuer}.`,
    `The first was served ${seconds(first.servedAfterMs)} after the deploy, ${reloaded(first)}: ` +
      'the redirect from HTTP is new structure.',
    `The renewed one was served ${seconds(renewed.servedAfterMs)} after the schedule came round, ${reloaded(renewed)}${end}.`,
  ];
}

const reloaded = ({ reloads, samePid }: Swap): string =>
  `by ${samePid ? 'the same process' : 'a new process'} (reloads: ${reloads})`;

/** What it all means, in words. */
export function verdict(
  { totals, steps, eventToFirstRequestMs }: Measured,
  controlPlaneDelayMs: number,
): readonly string[] {
  const outcome =
    totals.failed === 0
      ? `${number(totals.requests)} requests, none failed.`
      : `${number(totals.failed)} of ${number(totals.requests)} requests failed.`;
  const waited =
    eventToFirstRequestMs === undefined
      ? []
      : [
          `A new task had its first request ${seconds(eventToFirstRequestMs)} after it ran (median); ` +
            `AWS's own delay is set to ${seconds(controlPlaneDelayMs)}.`,
        ];
  const recovered = steps.flatMap(({ name, recoverMs }) =>
    recoverMs === undefined
      ? []
      : [`An honest outage, "${name}": the first answer came ${seconds(recoverMs)} after the last task died.`],
  );
  return [outcome, ...waited, ...excused(totals), ...recovered];
}

/** How the load fares, in one short line. Fates that nobody met are left out, but never `failed`. */
export function standingLine({ requests, failed, lostWithTask, expected503 }: Totals, perSecond: number): string {
  const parts = [
    `served ${number(requests - failed - lostWithTask - expected503)}`,
    `failed ${number(failed)}`,
    ...(lostWithTask > 0 ? [`lost with a task ${number(lostWithTask)}`] : []),
    ...(expected503 > 0 ? [`503 without tasks ${number(expected503)}`] : []),
    `${perSecond}/s`,
  ];
  return parts.join(' · ');
}

function excused({ lostWithTask, expected503 }: Totals): readonly string[] {
  const lines = [
    expected503 > 0
      ? `${number(expected503)} were told 503 while no task existed, or was too new to be known: as they should be.`
      : '',
    lostWithTask > 0
      ? `${number(lostWithTask)} could not be repeated: their task was killed, or closed its door before it had read them.`
      : '',
  ];
  return lines.filter((line) => line !== '');
}

const number = (value: number): string => value.toLocaleString('en-GB');

const duration = (ms: number | undefined): string => (ms === undefined ? '–' : seconds(ms));

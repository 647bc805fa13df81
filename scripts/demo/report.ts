import { table } from '../terminal/table';
import type { Certified, Swap } from './certificate';
import { endOf, type Facts, fateOf } from './fate';
import type { Measured, MeasuredStep, Seen, Totals } from './steps';
import { seconds, short } from './timeline';
import type { Visit } from './visit';

/** What is real in the demo, and what is played. */
export const introduction = (haproxyVersion: string, controlPlaneDelayMs: number, perSecond: number): string =>
  `Real: HAProxy ${haproxyVersion}, the packaged functions and sync, the tasks (processes),
  ${perSecond} requests a second, a certificate authority (Pebble), which asks the played
  zone by DNS.
Played: AWS, with its delays: ${seconds(controlPlaneDelayMs)} from an event to the proxy.
Visitors repeat no request: each one without its whole answer is counted.`;

/** The end of the demo: the table, its legend, the outcome, and remarks. */
export function closing(measured: Measured, remarks: readonly string[], controlPlaneDelayMs: number): string {
  return ['', stepTable(measured.steps), legend, '', ...verdict(measured, controlPlaneDelayMs), ...remarks].join('\n');
}

const columns: readonly (readonly [title: string, cell: (step: MeasuredStep) => string])[] = [
  ['step', ({ name }) => name],
  ['requests', (step) => number(step.requests)],
  ['failed', (step) => number(step.failed)],
  ['lost', (step) => number(step.lostWithTask)],
  ['503', (step) => number(step.expected503)],
  ['reloads', (step) => `${step.reloads}${step.samePid ? '' : '*'}`],
  ['first', (step) => duration(step.eventToFirstRequestMs)],
  ['calls', (step) => number(step.awsCalls)],
];

const stepTable = (steps: readonly MeasuredStep[]): string =>
  table([columns.map(([title]) => title), ...steps.map((step) => columns.map(([, cell]) => cell(step)))], [], [0]);

const legend = `lost: could not be repeated, and the task was killed or closed its port
503: while no task existed that the proxy could know · *: a new HAProxy process
first: first request after a task started (median) · calls: of AWS's API`;

/** How the certificate came, and how it was renewed. */
export function certificateLines({ issuer, requests }: Certified, swaps: readonly Swap[]): readonly string[] {
  const [first, renewed] = swaps;
  if (first === undefined || renewed === undefined) return [];
  return [
    `HTTPS: ${requests.map(number).join(' requests with the first certificate, ')} with the renewed one. Visitors trust only ${issuer}.`,
    `The first certificate was served ${seconds(first.servedAfterMs)} after the deploy, ${reloaded(first)}.`,
    `The renewed one was served ${seconds(renewed.servedAfterMs)} after the schedule started renew, ${reloaded(renewed)}.`,
  ];
}

const reloaded = ({ reloads, samePid }: Swap): string =>
  `by ${samePid ? 'the same process' : 'a new process'} (reloads: ${reloads})`;

/** The outcome in words. */
function verdict({ totals, eventToFirstRequestMs: wait }: Measured, delayMs: number): readonly string[] {
  const waited = `A new task got its first request ${duration(wait)} after it started (median); AWS's own delay is set to ${seconds(delayMs)}.`;
  return [outcomeOf(totals), ...(wait === undefined ? [] : [waited])];
}

/** The outcome in one sentence. */
export function outcomeOf({ requests, failed, lostWithTask, expected503 }: Totals): string {
  const failures = failed === 0 ? 'none failed' : `${number(failed)} failed`;
  const lost = `${number(lostWithTask)} were lost with a task that was killed or closed its port`;
  const unavailable = `${number(expected503)} got 503, as expected while no task existed or none was known yet`;
  const ends = [failures, ...(lostWithTask > 0 ? [lost] : []), ...(expected503 > 0 ? [unavailable] : [])];
  const last = ends.length > 1 ? `, and ${ends.pop()}` : '';
  return `${number(requests)} requests: ${ends.join(', ')}${last}.`;
}

/** The load in one short line; `failed` is always there. */
export function standingLine({ requests, failed, lostWithTask, expected503 }: Totals, perSecond: number): string {
  const parts = [
    `served ${number(requests - failed - lostWithTask - expected503)}`,
    `failed ${number(failed)}`,
    ...(lostWithTask > 0 ? [`lost ${number(lostWithTask)}`] : []),
    ...(expected503 > 0 ? [`503 ${number(expected503)}`] : []),
    `${perSecond}/s`,
  ];
  return parts.join(' · ');
}

/** Counts requests without keeping them, and says how many ended how. */
export function countEnds(perSecond: number): (visits: readonly Visit[]) => string {
  const ends = { answered: 0, unavailable: 0, lost: 0 };
  return (visits) => {
    for (const visit of visits) ends[endOf(visit)] += 1;
    const { answered, unavailable, lost } = ends;
    return `answered ${number(answered)} · 503 ${number(unavailable)} · lost or failed ${number(lost)} · ${perSecond}/s`;
  };
}

/**
 * What must not happen, as sentences; a good run has none.
 *
 * @param outsiders tasks to which nothing may be routed
 */
export function problems({ visits, facts }: Seen, outsiders: readonly string[], startedAt: number): readonly string[] {
  const stray = visits.filter(({ task }) => task !== undefined && outsiders.includes(task));
  const repeated = visits.filter(({ method, id }) => method === 'POST' && (facts.began.get(id)?.length ?? 0) > 1);
  const failed = visits.filter((visit) => fateOf(visit, facts) === 'failed');
  return [
    ...(stray.length > 0 ? [`${stray.length} requests were answered by a task of another service`] : []),
    ...(repeated.length > 0 ? [`${repeated.length} POSTs ran more than once, such as ${repeated[0]?.id}`] : []),
    ...alike(failed).map(([first, ...others]) => {
      const more = others.length === 0 ? '' : `, and ${others.length} more like it`;
      return `failed: ${describe(first, facts, startedAt)}${more}`;
    }),
  ];
}

/** A renewal must not reload HAProxy, and its certificate must be served in the end. */
export const certificateProblems = ({ serials, requests, servedSerial, reloads }: Certified): readonly string[] => [
  ...(reloads > 0 ? [`The renewal reloaded HAProxy ${reloads} times`] : []),
  ...(servedSerial === serials.at(-1)
    ? []
    : [`serial ${serials.at(-1)} was stored last, but ${servedSerial} is served`]),
  ...serials.flatMap((serial, n) => (requests[n] ? [] : [`no visitor was shown serial ${serial}`])),
];

/** Groups failures by error or status, so that a hundred of one kind do not hide one of another. */
function alike(failed: readonly Visit[]): readonly (readonly [Visit, ...Visit[]])[] {
  const kinds = new Map<string, [Visit, ...Visit[]]>();
  for (const visit of failed) {
    const kind = visit.error ?? String(visit.status);
    const known = kinds.get(kind);
    if (known === undefined) kinds.set(kind, [visit]);
    else known.push(visit);
  }
  return [...kinds.values()];
}

function describe(visit: Visit, facts: Facts, startedAt: number): string {
  const { id, kind, method, start, end, status, task, error } = visit;
  const begun = facts.began.get(id) ?? [];
  return [
    `${((start - startedAt) / 1000).toFixed(1)}s ${id}, a ${kind} ${method}: ${error ?? `status ${status}`}`,
    `after ${end - start} ms`,
    task === undefined ? 'from the proxy' : `from task ${short(task)}`,
    begun.length === 0 ? 'no task had begun it' : `begun by ${begun.map(short).join(' ')}`,
  ].join(', ');
}

const number = (value: number): string => value.toLocaleString('en-GB');

const duration = (ms: number | undefined): string => (ms === undefined ? '–' : seconds(ms));

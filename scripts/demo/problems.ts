import type { Certified } from './certificate';
import { short } from './follow';
import { type Facts, fateOf, unread } from './measure';
import type { Seen } from './steps';
import type { Visit } from './visit';

/**
 * What may not happen, as sentences: none after a good run.
 *
 * @param outsiders tasks to which nothing may be routed
 */
export function problems({ visits, facts }: Seen, outsiders: readonly string[], startedAt: number): readonly string[] {
  const stray = visits.filter(({ task }) => task !== undefined && outsiders.includes(task));
  const repeated = visits.filter(({ method, id }) => method === 'POST' && (facts.began.get(id)?.length ?? 0) > 1);
  const failed = visits.filter((visit) => fateOf(visit, facts) === 'failed');

  return [
    ...(stray.length > 0 ? [`${stray.length} requests were answered by a task of another service`] : []),
    ...(repeated.length > 0 ? [`${repeated.length} POSTs ran more than once, ${repeated[0]?.id} for one`] : []),
    ...alike(failed).map(([first, ...others]) => {
      const more = others.length === 0 ? '' : `, and ${others.length} more like it`;
      return `failed: ${describe(first, facts, startedAt)}${more}`;
    }),
  ];
}

/** A renewal that reloads HAProxy, or is not served in the end, is none. */
export const certificateProblems = ({ serials, requests, servedSerial, reloads }: Certified): readonly string[] => [
  ...(reloads > 0 ? [`HAProxy was reloaded ${reloads} times by the renewal`] : []),
  ...(servedSerial === serials.at(-1)
    ? []
    : [`serial ${serials.at(-1)} was stored last, but ${servedSerial} is served`]),
  ...serials.flatMap((serial, n) => (requests[n] ? [] : [`no visitor was shown serial ${serial}`])),
];

/** What was counted as lost with a task on HAProxy's word alone, so that nobody has to take it for granted. */
export function reservations({ visits, facts }: Seen): readonly string[] {
  const lost = visits.filter((visit) => fateOf(visit, facts) === 'lostWithTask' && unread(visit, facts));
  return lost.length === 0
    ? []
    : [`${lost.length} of these lay in its socket unread: it had not said that it began them.`];
}

/** Failures of one kind have one cause, mostly: a hundred of them must not hide the one that is different. */
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

function describe(
  { id, kind, method, start, end, status, task, error }: Visit,
  facts: Facts,
  startedAt: number,
): string {
  const begun = facts.began.get(id) ?? [];
  return [
    `${((start - startedAt) / 1000).toFixed(1)}s ${id}, a ${kind} ${method}: ${error ?? `status ${status}`}`,
    `after ${end - start} ms`,
    task === undefined ? 'from the proxy' : `from task ${short(task)}`,
    begun.length === 0 ? 'no task had begun it' : `begun by ${begun.map(short).join(' ')}`,
  ].join(', ');
}

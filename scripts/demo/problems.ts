import { short } from './follow';
import { type Facts, fateOf } from './measure';
import type { Seen } from './steps';
import type { Visit } from './visit';

/** So many failed requests are described one by one; more of them say nothing new. */
const described = 5;

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
    ...(stray.length > 0 ? [`${stray.length} requests were answered by the worker, which has no labels`] : []),
    ...(repeated.length > 0 ? [`${repeated.length} POSTs ran more than once, ${repeated[0]?.id} for one`] : []),
    ...(failed.length > 0 ? [`${failed.length} requests failed:`] : []),
    ...failed.slice(0, described).map((visit) => `  ${describe(visit, facts, startedAt)}`),
    ...(failed.length > described ? [`  and ${failed.length - described} more`] : []),
  ];
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

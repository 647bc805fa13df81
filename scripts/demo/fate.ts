import type { Visit } from './visit';

/** What became of a request. Only `failed` is the proxy's fault. */
export type Fate = 'served' | 'expected503' | 'lostWithTask' | 'failed';

/** A stretch of time in which a 503 is the right answer. `sudden`: it began when the last task was killed, with requests under way. */
export type Spell = { readonly from: number; readonly until: number; readonly sudden?: true };

/** What happened to the tasks, as far as it excuses a missing answer. */
export type Facts = {
  readonly empty: readonly Spell[];
  /** Tasks that were killed, and when. */
  readonly died: ReadonlyMap<string, number>;
  /** The tasks that logged that they had begun a request, by its id. */
  readonly began: ReadonlyMap<string, readonly string[]>;
  /** Tasks that closed their port before the proxy could know that they stop, and when. */
  readonly closed: ReadonlyMap<string, number>;
};

/** A killed process and a closed port are noticed a little after the connections broke. */
const noticedAfterMs = 250;

/** Judges one request: what no fact excuses has failed. */
export function fateOf(visit: Visit, facts: Facts): Fate {
  if (answered(visit)) return 'served';
  if (saysUnavailable(visit) && facts.empty.some((spell) => startedIn(spell, visit) || isCaughtBy(spell, visit)))
    return 'expected503';
  return wentWithTask(visit, facts) || wasRefused(visit, facts) ? 'lostWithTask' : 'failed';
}

export const answered = ({ status = 0, error }: Visit): boolean => error === undefined && status >= 200 && status < 300;

/** How a request ended, before the facts are known that may excuse it. */
export const endOf = (visit: Visit): 'answered' | 'unavailable' | 'lost' =>
  answered(visit) ? 'answered' : saysUnavailable(visit) ? 'unavailable' : 'lost';

/** HAProxy's own 503: a task's would name the task. */
const saysUnavailable = ({ status, task, error }: Visit): boolean =>
  status === 503 && task === undefined && error === undefined;

const startedIn = ({ from, until }: Spell, { start }: Visit): boolean => from <= start && start <= until;

/** The request was under way when the last task was killed. Tasks that stop in order excuse nothing. */
const isCaughtBy = ({ sudden, from }: Spell, visit: Visit): boolean => sudden === true && isDuring(visit, from);

/** The request could not be repeated, and its task was killed before the whole answer was out. */
function wentWithTask(visit: Visit, facts: Facts): boolean {
  const answerHadBegun = visit.error !== undefined && visit.task !== undefined;
  if (!answerHadBegun && !isFinal(visit, facts)) return false;
  const died = (facts.began.get(visit.id) ?? []).some((task) => isDuring(visit, facts.died.get(task)));
  return died || unread(visit, facts);
}

/** HAProxy repeats no POST, and cannot repeat anything once the last task was killed. */
const isFinal = (visit: Visit, { empty }: Facts): boolean =>
  visit.method === 'POST' || empty.some((spell) => isCaughtBy(spell, visit));

/**
 * Whether the request lay unread in a task's socket when the task was killed or closed its port. The kernel had taken the connection, so
 * HAProxy had sent the request, and a task without pre-stop cannot avoid it. Three signs together: no task logged that it began the
 * request; it broke off or got 502, which HAProxy answers only for a request that it had sent; and a task left at that moment.
 */
function unread(visit: Visit, facts: Facts): boolean {
  const brokeOff = visit.status === 502 || /^(socket hang up|read ECONNRESET)$/.test(visit.error ?? '');
  if (!isFinal(visit, facts) || !brokeOff || facts.began.has(visit.id)) return false;
  return [...facts.died.values(), ...facts.closed.values()].some((at) => isDuring(visit, at));
}

/** HAProxy takes out a task whose port refuses three connections, so a closed port is met only for a moment. */
const refusedForMs = 500;

/** HAProxy tries a request three times. Where several tasks without pre-stop close their ports at once, all three may be refused. */
function wasRefused(visit: Visit, { began, closed }: Facts): boolean {
  const justClosed = [...closed.values()].filter(
    (at) => visit.start - refusedForMs <= at && at <= visit.end + noticedAfterMs,
  );
  return saysUnavailable(visit) && !began.has(visit.id) && justClosed.length > 1;
}

const isDuring = ({ start, end }: Visit, at: number | undefined): boolean =>
  at !== undefined && start <= at && at <= end + noticedAfterMs;

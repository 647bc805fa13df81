import type { Moment } from '../local/world';
import type { Visit } from './visit';

/** What became of a request. Only `failed` is the proxy's fault. */
export type Fate = 'served' | 'expected503' | 'lostWithTask' | 'failed';

/** A stretch of time in which a 503 is the right answer. */
export type Spell = {
  readonly from: number;
  readonly until: number;
  /** The last task died: it began with requests under way, which no other task could answer. */
  readonly sudden?: true;
};

/** What the world did, as far as it excuses an answer that did not come. */
export type Facts = {
  readonly empty: readonly Spell[];
  /** Tasks that died without a word, and when. */
  readonly died: ReadonlyMap<string, number>;
  /** The tasks that said they had begun a request, by its id. */
  readonly began: ReadonlyMap<string, readonly string[]>;
  /** Tasks that closed their door before the proxy could know that they stop, and when. */
  readonly closed: ReadonlyMap<string, number>;
};

/** What tasks say themselves. */
export type Said = Pick<Facts, 'began' | 'closed'>;

/** After AWS's own delay the proxy has this long to notice a first task, or a stop order: Lambda, sync and passed checks. */
const noticeMs = 2_000;

/** A death is written down when the process is reaped, and a closed door when that is read: a little after connections broke. */
const hearsayMs = 250;

export function factsOf(
  moments: readonly Moment[],
  { began, closed }: Said,
  service: string,
  controlPlaneDelayMs: number,
): Facts {
  const own = moments.filter((moment) => moment.service === service);
  const deaths = own.flatMap(({ kind, task, at }) => (kind === 'task-died' && task ? [[task, at] as const] : []));
  return {
    empty: emptySpells(own, controlPlaneDelayMs),
    died: new Map(deaths),
    began,
    closed: new Map([...closed].filter((closing) => isUnannounced(closing, own, controlPlaneDelayMs))),
  };
}

/** Once the stop order has had time to reach the proxy, nobody is sent to the task any more: its door may close, and excuses nothing. */
const isUnannounced = ([task, at]: readonly [string, number], own: readonly Moment[], delayMs: number): boolean =>
  own.some((moment) => moment.kind === 'stop-ordered' && moment.task === task && at <= moment.at + delayMs + noticeMs);

/**
 * When no task of the service existed: from the stop order or the end of the last one, until a new one has run
 * for as long as AWS needs to say so, and 2 s. Tasks that finish their last requests after the order do not count.
 */
export function emptySpells(moments: readonly Moment[], controlPlaneDelayMs: number): readonly Spell[] {
  const alive = new Set<string>();
  const spells: Spell[] = [];
  let began: Omit<Spell, 'until'> | undefined = { from: Number.NEGATIVE_INFINITY };

  for (const { kind, task, at } of moments) {
    if (task === undefined) continue;
    if (kind === 'task-running') {
      if (began !== undefined) spells.push({ ...began, until: at + controlPlaneDelayMs + noticeMs });
      began = undefined;
      alive.add(task);
    }
    const left = ['stop-ordered', 'task-died', 'task-stopped'].includes(kind) && alive.delete(task);
    if (left && alive.size === 0) began = { from: at, ...(kind === 'task-died' && { sudden: true }) };
  }
  return began === undefined ? spells : [...spells, { ...began, until: Number.POSITIVE_INFINITY }];
}

/** Judges one request. Strict: what is not excused by name has failed. */
export function fateOf(visit: Visit, facts: Facts): Fate {
  if (answered(visit)) return 'served';
  if (saysUnavailable(visit) && facts.empty.some((spell) => startedIn(spell, visit) || isCaughtBy(spell, visit))) {
    return 'expected503';
  }
  return wentWithTask(visit, facts) ? 'lostWithTask' : 'failed';
}

export const answered = ({ status = 0, error }: Visit): boolean => error === undefined && status >= 200 && status < 300;

/** HAProxy's own 503: one that a task wrote would name the task. */
const saysUnavailable = ({ status, task, error }: Visit): boolean =>
  status === 503 && task === undefined && error === undefined;

const startedIn = ({ from, until }: Spell, { start }: Visit): boolean => from <= start && start <= until;

/** It was under way when the last task died. Whoever asks while tasks only leave, one after the other, is served. */
const isCaughtBy = ({ sudden, from }: Spell, visit: Visit): boolean => sudden === true && isDuring(visit, from);

/** It could not be repeated, and it was inside a task that died before the answer was out; or in its socket, unread. */
function wentWithTask(visit: Visit, facts: Facts): boolean {
  const answerHadBegun = visit.error !== undefined && visit.task !== undefined;
  if (!answerHadBegun && !isFinal(visit, facts)) return false;

  const died = (facts.began.get(visit.id) ?? []).some((task) => isDuring(visit, facts.died.get(task)));
  return died || unread(visit, facts);
}

/** It could not be tried on another task: a POST never is, and nothing is once the last task has died. */
const isFinal = (visit: Visit, { empty }: Facts): boolean =>
  visit.method === 'POST' || empty.some((spell) => isCaughtBy(spell, visit));

/**
 * A request that HAProxy had sent to a task, and that lay in its socket, not yet read, when it died or closed its door: the kernel
 * has taken the connection, so HAProxy sends, and resets it if the task never does. A task that must close before the proxy can
 * know, as one without pre-stop, cannot avoid it. No task can say so. HAProxy can: it breaks off or answers 502 only for
 * a request that was sent (for one that was not, it answers 503). So nobody began it, it broke off, and a task died or closed its
 * door at that very moment: all three, or it has failed.
 */
export function unread(visit: Visit, facts: Facts): boolean {
  const brokeOff = visit.status === 502 || /^(socket hang up|read ECONNRESET)$/.test(visit.error ?? '');
  if (!isFinal(visit, facts) || !brokeOff || facts.began.has(visit.id)) return false;
  return [...facts.died.values(), ...facts.closed.values()].some((at) => isDuring(visit, at));
}

const isDuring = ({ start, end }: Visit, at: number | undefined): boolean =>
  at !== undefined && start <= at && at <= end + hearsayMs;

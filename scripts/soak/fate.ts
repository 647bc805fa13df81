import type { Task } from './cluster';
import { hasJustClosed } from './refused';
import { type Ended, isRepeatable } from './requests';

/** What became of a request that was not served. Each but the last needs evidence from elsewhere than the proxy. */
export const causes = {
  'task killed': 'The log of a task says that it began the request, and the task was killed before the answer was out.',
  'task gone, unread':
    'No log has it, it must not be repeated, and it broke off as a task of its service was killed, or closed its port before the proxy could know.',
  'refused, HTTP/2':
    'HAProxy from 3.2.10 on. Its log says that the request went to a task that speaks HTTP/2 and whose port had closed before. It must not be repeated, and no log of a task has it; or its four tries met such ports, as two or more had closed or no other task was well.',
  'ports closed': 'HAProxy found no port that answered, as two or more tasks of the service had just gone.',
  'no task':
    'HAProxy said so by 503, or ended an upload that no task began, and at that moment the service had no task that it could know to be well.',
  'no service': 'HAProxy said so by 404, and at that moment the service was not published.',
  limit: 'HAProxy refused it by its own words for a limit.',
  announced: 'It was pipelined behind a request whose answer announced the end of the connection (RFC 9112, 9.6).',
  client: 'The visitor left.',
  proxy: 'Nothing above excuses it.',
} as const;
export type Cause = keyof typeof causes;

export type Facts = {
  readonly tasks: readonly Task[];
  /** When the proxy certainly knew a service. */
  readonly known: ReadonlyMap<string, readonly Spell[]>;
  /** The tasks that logged a request. */
  readonly began: ReadonlyMap<string, readonly string[]>;
  /** The requests to a closed port of an HTTP/2 task: refused.ts. */
  readonly refused: ReadonlySet<string>;
};
type Spell = { readonly from: number; readonly until: number };

/** A broken connection and the end of its process are noticed at most so far apart on a busy machine. */
const noticedMs = 1_500;
/** A new task needs checks that pass; one that was ill, one more. */
const [admittedMs, recoveredMs] = [1_500, 3_000];
/** HAProxy takes out a port that refuses three connections, so a closed one is met only for a moment. */
const metMs = 500;

/** Judges a request that was not served. */
export function causeOf(ended: Ended, facts: Facts): Cause {
  if (ended.left) return 'client';
  if (ended.wasAnnounced) return 'announced';
  const own = facts.tasks.filter(({ service }) => service === ended.service);
  if (isOfProxy(ended, 503) && ended.words?.startsWith('Too many requests are in progress here')) return 'limit';
  const saysUnavailable = isOfProxy(ended, 503) || isCutShort(ended, facts);
  const missing = !isCovered(ended, facts.known.get(ended.service) ?? []);
  if (missing && (isOfProxy(ended, 404) || saysUnavailable)) return 'no service';
  if (saysUnavailable && !isCovered(ended, own.flatMap(capable))) return 'no task';
  if (facts.refused.has(ended.id) && isLeftToRefusal(ended, own, facts)) return 'refused, HTTP/2';
  if (wasKilled(ended, own, facts)) return 'task killed';
  if (isUnread(ended, own, facts)) return 'task gone, unread';
  const gone = own.filter((task) => leaves(task).some((at) => ended.start - metMs <= at && at <= ended.end));
  if (gone.length > 1 && isOfProxy(ended, 503)) return 'ports closed';
  return 'proxy';
}

const isOfProxy = ({ status, task }: Ended, said: number): boolean => status === said && task === undefined;

/** HAProxy answers and ends what the client would go on sending; the client then shows the end and not the 503 (RFC 9112, section 9.6). */
const isCutShort = ({ kind, status, error = '', id }: Ended, { began }: Facts): boolean =>
  status === undefined && !began.has(id) && ends[kind]?.test(error) === true;

const ends: Partial<Record<Ended['kind'], RegExp>> = {
  'gRPC stream': /^gRPC code 1: Call cancelled$/,
  upload: /^(socket hang up|(read|write) (ECONNRESET|EPIPE))$/,
};

/** The answer had begun, or HAProxy must not repeat the request, or had no other task to which it could send it again. */
const isFinal = ({ kind, task, start, end }: Ended, own: readonly Task[]): boolean =>
  task !== undefined || !isRepeatable(kind) || !isCovered({ start, end }, own.flatMap(capable));

/** No task began it and HAProxy must not repeat it, or all its tries may have met closed ports. */
function isLeftToRefusal(ended: Ended, own: readonly Task[], { began }: Facts): boolean {
  if (!isRepeatable(ended.kind)) return !began.has(ended.id);
  return isFinal(ended, own) || own.filter((task) => hasJustClosed(task, ended.end)).length > 1;
}

function wasKilled(ended: Ended, own: readonly Task[], { began }: Facts): boolean {
  const tasks = own.filter(({ id }) => began.get(ended.id)?.includes(id));
  return isFinal(ended, own) && tasks.some(({ killed }) => killed !== undefined && isWithin(ended, killed));
}

/** The kernel of the task's host had taken the request, and no task could answer it. */
function isUnread(ended: Ended, own: readonly Task[], { began }: Facts): boolean {
  const brokeOff = isOfProxy(ended, 502) || ended.status === undefined;
  if (!isFinal(ended, own) || !brokeOff || began.has(ended.id) || ended.error?.startsWith('no answer')) return false;
  const closed = own.flatMap((task) => unannounced(task)).map((at) => ({ from: at, until: at }));
  return [...own.flatMap(({ killed }) => killed ?? []), ...closed].some((spell) => isWithin(ended, spell));
}

const isWithin = ({ start, end }: Ended, { from, until }: Spell): boolean =>
  start <= until && from <= end && end <= until + noticedMs;

/** A closed port excuses nothing once the proxy knew that the task leaves. */
const unannounced = ({ closedAt, leftAt }: Task): readonly number[] =>
  closedAt !== undefined && (leftAt === undefined || closedAt <= leftAt) ? [closedAt] : [];

const leaves = (task: Task): readonly number[] => [...unannounced(task), ...(task.killed ? [task.killed.from] : [])];

/** When the proxy should have sent requests to the task: in and out of these spells it may, or may not. */
function capable(task: Task): readonly Spell[] {
  const { knownAt, listensAt, passedAt = listensAt, orderedAt, killed, goneAt, ailing } = task;
  if (knownAt === undefined || passedAt === undefined) return [];
  const until = Math.min(...[orderedAt, killed?.from, goneAt].map((at) => at ?? Number.POSITIVE_INFINITY));
  const spells: Spell[] = [];
  let from = Math.max(knownAt, passedAt) + admittedMs;
  for (const ill of ailing) {
    spells.push({ from, until: Math.min(until, ill.from) });
    from = Math.max(from, ill.until + recoveredMs);
  }
  return [...spells, { from, until }].filter((spell) => spell.from < spell.until);
}

/** Whether the spells together leave no moment of the request out. */
function isCovered({ start, end }: Pick<Ended, 'start' | 'end'>, spells: readonly Spell[]): boolean {
  let reached = start;
  for (const { from, until } of [...spells].sort((a, b) => a.from - b.from)) {
    if (from > reached) break;
    reached = Math.max(reached, until);
  }
  return reached > end;
}

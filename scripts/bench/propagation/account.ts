import type { Moment } from '../../local/world';
import { spread } from '../../measure/spread';
import type { Seen } from './load';

/** What happened to the tasks of a service in one deploy, each in epoch milliseconds by the task's id. */
export type Deployed = {
  /** New tasks: when ECS reported them RUNNING. */
  readonly running: Map<string, number>;
  /** Old tasks: when ECS ordered them to stop, and when they closed their ports. */
  readonly ordered: Map<string, number>;
  readonly closed: Map<string, number>;
};

export const newDeployed = (): Deployed => ({ running: new Map(), ordered: new Map(), closed: new Map() });

/** Adds a moment of this service. */
export function note({ running, ordered, closed }: Deployed, { kind, task = '', text, at }: Moment): void {
  if (kind === 'task-running') running.set(task, at);
  if (kind === 'stop-ordered') ordered.set(task, at);
  if (kind === 'output' && text === 'closed its door') closed.set(task, at);
}

/** Why a request failed. `unexplained` is what no fact about the tasks excuses. */
export const causes = ['gone', 'broken', 'late', 'unexplained'] as const;
export type Cause = (typeof causes)[number];

export const words: Readonly<Record<Cause, string>> = {
  gone: '503, as tasks were gone',
  broken: '502 or broken off, as tasks were gone',
  late: 'no answer in time',
  unexplained: 'unexplained',
};

/** A proxy notices a closed port a little later than the task. */
const noticedAfterMs = 250;

/** @param knowsAfterMs the latest moment after a stop order at which the proxy must know of it: nothing excuses a failure after it */
export function causeOf({ start, end, status, task, error }: Seen, deployed: Deployed, knowsAfterMs: number): Cause {
  if (status === 504 || /^no answer/.test(error ?? '')) return 'late';
  const left = [...deployed.closed].filter(([, at]) => at <= end + noticedAfterMs);
  const order = Math.max(...left.map(([id]) => deployed.ordered.get(id) ?? Number.NEGATIVE_INFINITY));
  if (!(start <= order + knowsAfterMs)) return 'unexplained';
  // HAProxy answers 502 where a task took the connection and sent no whole answer, Traefik also where none took it.
  if (status === 502 || (error !== undefined && task !== undefined)) return 'broken';
  return status === 503 && task === undefined && error === undefined ? 'gone' : 'unexplained';
}

export type Accounted = {
  readonly requests: number;
  /** From the first new task's RUNNING to the first answer of a new task; `undefined` when none answered. */
  readonly firstMs: number | undefined;
  /** From a new task's RUNNING to its own first answer: the median of all new tasks that answered. */
  readonly medianMs: number | undefined;
  /** From the last stop order to the last request that an old task answered, or that failed because tasks were gone. */
  readonly lastMs: number;
  readonly failed: Readonly<Record<Cause, number>>;
  /** When, after the first RUNNING, each unexplained failure began, and how it ended. */
  readonly unexplained: readonly string[];
};

/** One way and service of one deploy. */
export type Row = Accounted & { readonly way: string; readonly service: string };

export type Deploy = {
  readonly rows: readonly Row[];
  /** Of the path to Sluice's first request on a new task, if they could be told apart. */
  readonly stages: readonly number[] | undefined;
  /** How many processes had work at its end: the machine's load average of a minute. */
  readonly load: number;
  readonly proxy: readonly string[];
};

/** Accounts for all requests of one way to one service in one deploy. */
export function account(deployed: Deployed, visits: readonly Seen[], knowsAfterMs: number): Accounted {
  const { running, ordered } = deployed;
  const first = firstAnswers(visits, running);
  const failed: Record<Cause, number> = { gone: 0, broken: 0, late: 0, unexplained: 0 };
  const unexplained: string[] = [];
  const since = Math.min(...running.values());
  let lastOnOld = 0;
  for (const visit of visits) {
    const cause = isAnswered(visit) ? undefined : causeOf(visit, deployed, knowsAfterMs);
    if (cause !== undefined) failed[cause] += 1;
    if (cause === 'unexplained')
      unexplained.push(`${visit.start - since} to ${visit.end - since} ms: ${visit.status ?? ''} ${visit.error ?? ''}`);
    if (cause !== undefined || ordered.has(visit.task ?? '')) lastOnOld = Math.max(lastOnOld, visit.start);
  }
  const delays = [...first].map(([task, at]) => at - (running.get(task) ?? at));
  return {
    requests: visits.length,
    firstMs: first.size === 0 ? undefined : Math.min(...first.values()) - since,
    medianMs: delays.length === 0 ? undefined : spread(delays).median,
    lastMs: Math.max(0, lastOnOld - Math.max(...ordered.values())),
    failed,
    unexplained,
  };
}

const isAnswered = ({ status = 0, error }: Seen): boolean => error === undefined && status >= 200 && status < 300;

/** When each of these tasks first answered. */
export function firstAnswers(visits: readonly Seen[], tasks: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const first = new Map<string, number>();
  for (const visit of visits) {
    const { task = '', end } = visit;
    if (tasks.has(task) && isAnswered(visit)) first.set(task, Math.min(end, first.get(task) ?? end));
  }
  return first;
}

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { parseServersState } from '../../lib/sync/replies';
import { type Instance, startInstance } from '../proxy/instance';
import type { Processes } from '../real/processes';
import { type Book, newBook } from './book';
import { certificatesFor } from './certificates';
import { type Cluster, clusterOf } from './cluster';
import { begin, type Course, drive } from './drive';
import { type Cause, causeOf, type Facts } from './fate';
import { certified } from './happenings';
import { isMeantForFormer, servedAfterItsOrder } from './invariants';
import { type Load, startLoad } from './load';
import { randomOf } from './random';
import { refusedOf, sendsEarly } from './refused';
import type { Ended } from './requests';
import { type Sample, startSampling } from './samples';

export type Given = {
  readonly minutes: number;
  readonly seed: number;
  readonly requestsPerSecond: number;
  readonly changesPerSecond: number;
};

export type Deps = {
  readonly processes: Processes;
  readonly progress: (text: string) => void;
  /** For a test that does harm, once all is served. */
  readonly onServing?: (proxy: Instance) => unknown;
};

/** `began`: the tasks that logged it. */
export type Judged = Ended & { readonly cause: Cause; readonly began: readonly string[] };

/** What was seen; report.ts makes an outcome of it. */
export type Soaked = {
  readonly given: Given;
  readonly book: Book;
  readonly failed: readonly Judged[];
  readonly samples: readonly Sample[];
  readonly seconds: number;
  /** What happened to the tasks, for whoever looks into a failed request. */
  readonly tasks: Cluster['tasks'];
  /** How many old workers were left when nobody had a connection any more. */
  readonly oldWorkersLeft: number;
};

const initialTasks: Readonly<Record<string, number>> = { web: 4, api: 3, rpc: 3, solo: 1, passing: 1 };
/** For a question to HAProxy, while HAProxy is reloaded or starts. */
const patienceMs = 5_000;
/** For the first checks to pass. */
const warmUpMs = 10_000;

type Early = { readonly task: Cluster['tasks'][number]; readonly request: string; readonly at: number };

/** Changes and requests side by side for so many minutes. */
export async function soak(given: Given, { processes, progress, onServing }: Deps): Promise<Soaked> {
  const book = newBook();
  const random = randomOf(given.seed);
  const early: Early[] = [];
  const cluster = clusterOf(processes, random, (task, request) => early.push({ task, request, at: Date.now() }));
  const proxy = await startInstance({ SLUICE_PATIENCE_SECONDS: '10' }, patienceMs);
  proxy.keepStarted(({ code, signal }) =>
    book.breaks(`HAProxy ended by itself (${signal ?? code}), and was started again`),
  );
  proxy.eachLine((line) => line.includes(' SH-- ') && book.endedByTask.push(line));
  const load = startLoad(book.add);
  try {
    const certificates = certificatesFor(certified);
    await certificates.prepared();
    for (const [name, tasks] of Object.entries(initialTasks))
      for (let n = 0; n < tasks; n++) cluster.start(cluster.named(name));
    const course = await begin({ proxy, cluster, random, book, certificates });
    await allUp(proxy);
    const sampling = startSampling(proxy);
    void onServing?.(proxy);
    const seconds = await run(given, course, load, progress);
    await load.finish();
    const oldWorkersLeft = await leftWorkers(proxy);
    sampling.stop();
    book.breaks(...atEnd(book, cluster, early));
    const failed = judged(book, cluster);
    return { given, book, failed, samples: sampling.samples, tasks: cluster.tasks, seconds, oldWorkersLeft };
  } finally {
    await Promise.all([proxy.stop(), load.stop()]);
  }
}

async function allUp(proxy: Instance): Promise<void> {
  const isUp = async () => parseServersState(await proxy.worker('show servers state')).every(({ up }) => up);
  for (const end = performance.now() + warmUpMs; performance.now() < end; await sleep(100)) if (await isUp()) return;
  throw new Error(`not every task passed its first check within ${warmUpMs / 1_000} s`);
}

/** Returns how many seconds it took. */
async function run(given: Given, course: Course, load: Load, progress: Deps['progress']): Promise<number> {
  const { proxy, book } = course;
  const { host, http, https } = proxy;
  load.begin({ host, http, https, perSecond: given.requestsPerSecond, seed: given.seed });
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1_000;
  const share = () => seconds() / (given.minutes * 60);
  const shown = setInterval(() => progress(progressOf(book, seconds())), 1_000);
  const { changesPerSecond } = given;
  await drive(course, { changesPerSecond, mayReload: () => isReloadTime(share()), isOver: () => share() >= 1 });
  clearInterval(shown);
  return seconds();
}

/** What is only known when all requests have ended. */
function atEnd(
  { state, served, failed, youngest }: Book,
  { tasks }: Cluster,
  early: readonly Early[],
): readonly string[] {
  const outcomes = failed.length + [...served.values()].flat().reduce((sum, each) => sum + each, 0);
  const isWhole = outcomes === state.sent && state.underWay === 0;
  const tooEarly = early.filter(({ task, at }) => !isMeantForFormer(task, tasks, at));
  return [
    ...(isWhole ? [] : [`${state.sent} requests were sent, and ${outcomes} have an outcome: a fault of the soak`]),
    ...servedAfterItsOrder(tasks, youngest),
    ...tooEarly.map(
      ({ task, request }) =>
        `task ${task.id} of ${task.service} got the request ${request} before it had passed a check`,
    ),
    ...tasks
      .filter(({ hasCrashed }) => hasCrashed)
      .map(({ id, service }) => `task ${id} of ${service} ended by itself: a fault of the soak`),
  ];
}

/** HAProxy is reloaded in these parts only. In the others one worker lives on, so that its memory can be compared. */
const isReloadTime = (share: number): boolean => share < 0.2 || (share >= 0.45 && share < 0.55);

const progressOf = ({ state, changes, failed, broken }: Book, seconds: number): string => {
  const made = [...changes.values()].reduce((sum, each) => sum + each, 0);
  return `${Math.round(seconds)} s: ${state.sent} requests, ${failed.length} not served; ${made} changes; ${broken.size} broken laws`;
};

/** Nobody has a connection any more, so workers that reloads left behind end. */
async function leftWorkers(proxy: Instance): Promise<number> {
  const left = async () => ((await proxy.processes()).workers.length ?? 1) - 1;
  for (const end = performance.now() + 20_000; performance.now() < end; await sleep(250))
    if ((await left().catch(() => 1)) === 0) return 0;
  return left().catch(() => 0);
}

function judged({ failed, endedByTask }: Book, { tasks, services }: Cluster): readonly Judged[] {
  const began = new Map<string, string[]>();
  const ids = new Set(failed.map(({ id }) => id));
  for (const { id: task, log } of tasks)
    for (const id of lines(log)) if (ids.has(id)) began.set(id, [...(began.get(id) ?? []), task]);
  const refused = sendsEarly() ? refusedOf(failed, endedByTask, tasks, services) : new Set<string>();
  const facts: Facts = { tasks, began, refused, known: new Map(services.map(({ name, spells }) => [name, spells])) };
  return failed.map((each) => ({ ...each, cause: causeOf(each, facts), began: began.get(each.id) ?? [] }));
}

/** A task that was killed before it began has no log. */
function lines(log: string): readonly string[] {
  try {
    return readFileSync(log, 'utf8').split('\n');
  } catch {
    return [];
  }
}

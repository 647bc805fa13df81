import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Processes } from '../real/processes';
import { type Book, newBook } from './book';
import { certificatesFor } from './certificates';
import { type Cluster, clusterOf } from './cluster';
import { drive, driveOf } from './drive';
import { type Cause, causeOf, type Facts } from './fate';
import { certified, happenings, isStructural } from './happenings';
import { isMeantForFormer } from './invariants';
import { startLoad } from './load';
import { type Proxy, startProxy } from './proxy';
import { randomOf } from './random';
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
  readonly onServing?: (proxy: Proxy) => unknown;
};

export type Judged = Ended & { readonly cause: Cause };

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

/** Changes and requests side by side for so many minutes. */
export async function soak(given: Given, { processes, progress, onServing }: Deps): Promise<Soaked> {
  const book = newBook();
  const random = randomOf(given.seed);
  const early: { readonly task: Cluster['tasks'][number]; readonly request: string; readonly at: number }[] = [];
  const cluster = clusterOf(processes, random, (task, request) => early.push({ task, request, at: Date.now() }));
  const proxy = await startProxy(processes, ({ code, signal }) =>
    book.broken.push(`HAProxy ended by itself (${signal ?? code}), and was started again`),
  );
  const load = startLoad(book.add);
  const certificates = certificatesFor(certified);
  await certificates.prepared();
  for (const [name, tasks] of Object.entries(initialTasks))
    for (let n = 0; n < tasks; n++) cluster.start(cluster.named(name));

  const endsAfter = given.minutes * 60;
  let began = Number.POSITIVE_INFINITY;
  const share = () => Math.max(0, performance.now() - began) / 1_000 / endsAfter;
  const driven = driveOf({ proxy, cluster, random, book, certificates, mayReload: () => isReloadTime(share()) });
  try {
    await driven.begin();
    await sleep(3_000);
    const sampling = startSampling(proxy);
    const { host, http, https } = proxy;
    load.begin({ host, http, https, perSecond: given.requestsPerSecond, seed: given.seed });
    began = performance.now();
    void onServing?.(proxy);
    const shown = setInterval(() => progress(progressOf(book, share() * endsAfter)), 1_000);
    await drive(
      driven,
      given.changesPerSecond,
      () => share() >= 1,
      (error) => void book.broken.push(error.message),
    );
    clearInterval(shown);
    const seconds = (performance.now() - began) / 1_000;
    await load.finish();
    const oldWorkersLeft = await leftWorkers(proxy);
    sampling.stop();
    if (book.state.underWay > 0)
      book.broken.push(`the visitors' process ended with ${book.state.underWay} requests under way`);
    for (const { task, request, at } of early)
      if (!isMeantForFormer(task, cluster.tasks, at))
        book.broken.push(`task ${task.id} of ${task.service} got the request ${request} before it had passed a check`);
    for (const { id, service } of cluster.tasks.filter(({ hasCrashed }) => hasCrashed))
      book.broken.push(`task ${id} of ${service} ended by itself: a fault of the soak`);
    const failed = judged(book.failed, cluster);
    return { given, book, failed, samples: sampling.samples, tasks: cluster.tasks, seconds, oldWorkersLeft };
  } finally {
    await Promise.all([proxy.stop(), load.stop()]);
  }
}

/** HAProxy is reloaded in these parts only. In the others one worker lives on, so that its memory can be compared. */
const isReloadTime = (share: number): boolean => share < 0.2 || (share >= 0.45 && share < 0.55);

export const structuralKinds = Object.keys(happenings).filter((kind) => isStructural(kind as keyof typeof happenings));

const progressOf = ({ state, changes, failed, broken }: Book, seconds: number): string => {
  const made = [...changes.values()].reduce((sum, each) => sum + each, 0);
  return `${Math.round(seconds)} s: ${state.sent} requests, ${failed.length} not served; ${made} changes; ${broken.length} broken laws`;
};

/** Nobody has a connection any more, so workers that reloads left behind end. */
async function leftWorkers(proxy: Proxy): Promise<number> {
  const left = async () => ((await proxy.processes()).workers.length ?? 1) - 1;
  for (const end = performance.now() + 20_000; performance.now() < end; await sleep(250))
    if ((await left().catch(() => 1)) === 0) return 0;
  return left().catch(() => 0);
}

function judged(failed: readonly Ended[], { tasks, services }: Cluster): readonly Judged[] {
  const began = new Map<string, string[]>();
  const ids = new Set(failed.map(({ id }) => id));
  for (const { id: task, log } of tasks)
    for (const id of lines(log)) if (ids.has(id)) began.set(id, [...(began.get(id) ?? []), task]);
  const facts: Facts = { tasks, began, known: new Map(services.map(({ name, spells }) => [name, spells])) };
  return failed.map((each) => ({ ...each, cause: causeOf(each, facts) }));
}

/** A task that was killed before it began has no log. */
function lines(log: string): readonly string[] {
  try {
    return readFileSync(log, 'utf8').split('\n');
  } catch {
    return [];
  }
}

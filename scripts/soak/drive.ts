import { setTimeout as sleep } from 'node:timers/promises';
import type { Instance } from '../proxy/instance';
import { type Book, count } from './book';
import type { certificatesFor } from './certificates';
import type { Cluster } from './cluster';
import { deliver } from './deliver';
import { certified, type Happening, happen, happenings, isStructural, type State } from './happenings';
import { judge } from './judge';
import { moment, noteServices, type Stored } from './publishing';
import { drawn, type Random } from './random';

export type Stand = {
  readonly proxy: Instance;
  readonly cluster: Cluster;
  readonly random: Random;
  readonly book: Book;
  readonly certificates: ReturnType<typeof certificatesFor>;
};

/** What was made to happen, and what of it the proxy knows. */
export type Course = Stand & {
  readonly state: State;
  readonly stored: Stored;
  /** Not carried to the proxy yet. */
  waiting: Happening[];
  lastReload: number;
};

/** As long as a WebSocket lasts, at most two reloads come: HAProxy ends a worker that has seen more than three (`mworker-max-reloads`). */
const betweenReloadsMs = 6_000;

const weights = Object.fromEntries(Object.entries(happenings).map(([kind, { weight }]) => [kind, weight])) as Record<
  Happening,
  number
>;

/** Starts HAProxy with the first generation. */
export async function begin(stand: Stand): Promise<Course> {
  const { proxy, cluster, random, certificates } = stand;
  const stored: Stored = new Map();
  const renew = (host: string): boolean => {
    const key = certificates.take(host);
    if (key !== undefined) stored.set(host, proxy.storeCertificate(host, { key }));
    return key !== undefined;
  };
  const state: State = { cluster, random, extra: { hosts: [], paths: [] }, renew };
  for (const host of certified) renew(host);
  const { arriving, promised, entries } = moment(state, stored);
  const { code, output } = await proxy.startSync(proxy.publishFiles(promised.files, entries)).ended;
  if (code !== 0) throw new Error(`the first sync failed: ${output}`);
  await proxy.startHaproxy();
  for (const task of arriving) task.knownAt = Date.now();
  noteServices(cluster, promised, Date.now(), Date.now());
  return { ...stand, state, stored, waiting: [], lastReload: 0 };
}

export type Pace = {
  readonly changesPerSecond: number;
  /** Whether HAProxy may be reloaded now. */
  readonly mayReload: () => boolean;
  readonly isOver: () => boolean;
};

/** Until the time is over: changes at a steady pace in the background, and one generation after the other. */
export async function drive(course: Course, { changesPerSecond, mayReload, isOver }: Pace): Promise<void> {
  const timer = setInterval(() => change(course, mayReload()), 1_000 / changesPerSecond);
  try {
    while (!isOver()) {
      await carry(course).catch((error: Error) => course.book.breaks(`a generation was not carried: ${error.message}`));
      await sleep(50);
    }
  } finally {
    clearInterval(timer);
  }
}

function change(course: Course, mayReload: boolean): void {
  const { random, state, waiting, lastReload } = course;
  const kind = drawn(random, weights);
  const isEarly = !mayReload || performance.now() - lastReload < betweenReloadsMs || waiting.some(isStructural);
  if ((isStructural(kind) && isEarly) || !happen(kind, state)) change(course, mayReload);
  else waiting.push(kind);
}

/** Brings the proxy to the state of this moment, and judges what it made of it. */
async function carry(course: Course): Promise<void> {
  const { proxy, cluster, book, state, stored } = course;
  const carried = course.waiting.splice(0);
  try {
    const publishedAt = Date.now();
    const { leaving, arriving, promised, entries } = moment(state, stored);
    const number = proxy.publishFiles(promised.files, entries);
    const before = await proxy.processes();
    const began = performance.now();
    const way = await deliver(course, number);
    book.syncMs.push(performance.now() - began);
    const now = Date.now();
    for (const task of arriving) task.knownAt = now;
    for (const task of leaving) task.leftAt = now;
    noteServices(cluster, promised, publishedAt, now);
    const named = carried.filter(isStructural);
    if (named.length > 0) course.lastReload = performance.now();
    await judge(course, { ...promised, number }, { before: before.reloads, way, named });
    for (const kind of carried) count(book.changes, kind);
  } catch (error) {
    // The next generation has them too.
    course.waiting.unshift(...carried);
    throw error;
  }
}

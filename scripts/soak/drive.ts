import { setTimeout as sleep } from 'node:timers/promises';

import type { Certificate } from '../../lib/generation/generation';
import type { Backend } from '../../lib/haproxy/backend';
import { render } from '../../lib/haproxy/render';
import { type Book, count } from './book';
import type { certificatesFor } from './certificates';
import type { Cluster, Task } from './cluster';
import { deliver } from './deliver';
import { certified, type Happening, happen, happenings, isStructural, type State } from './happenings';
import { notAsPublished, type Promised, servedAfterItsOrder, servedSerial, wrongRoute } from './invariants';
import type { Proxy } from './proxy';
import { drawn, type Random } from './random';
import { hostOf } from './requests';

export type Stand = {
  readonly proxy: Proxy;
  readonly cluster: Cluster;
  readonly random: Random;
  readonly book: Book;
  readonly certificates: ReturnType<typeof certificatesFor>;
  /** Whether HAProxy may be reloaded now. */
  readonly mayReload: () => boolean;
};

/** As long as a WebSocket lasts, at most two reloads come: HAProxy ends a worker that has seen more than three (`mworker-max-reloads`). */
const betweenReloadsMs = 6_000;

export type Drive = ReturnType<typeof driveOf>;

/** Lets things happen at a steady pace, and carries the state of the moment to the proxy again and again. */
export function driveOf(stand: Stand) {
  const { cluster, random, book, certificates, proxy } = stand;
  const stored = new Map<string, { readonly entry: Certificate; readonly serial: string }>();
  const renew = (host: string): boolean => {
    const made = certificates.take(host);
    if (made)
      stored.set(host, { entry: proxy.storeCertificate(host, made.pem, made.chain, made.serial), serial: made.serial });
    return made !== undefined;
  };
  const state: State = { cluster, random, extra: { hosts: [], paths: [] }, renew };
  let waiting: Happening[] = [];
  let lastReload = 0;
  let structure = '';

  const once = (): void => {
    const kind = drawn(random, weights);
    const isEarly =
      !stand.mayReload() || performance.now() - lastReload < betweenReloadsMs || waiting.some(isStructural);
    if ((isStructural(kind) && isEarly) || !happen(kind, state)) return once();
    waiting.push(kind);
  };

  /** Brings the proxy to the state of this moment, and judges what it made of it. */
  const carry = async (): Promise<void> => {
    const carried = waiting;
    waiting = [];
    const publishedAt = Date.now();
    const { leaving, arriving, promised, entries } = moment(stand, state, stored);
    const number = proxy.publish(promised.files, entries);
    const before = await proxy.processes();
    const began = performance.now();
    const faults = await deliver(stand, number);
    book.syncMs.push(performance.now() - began);
    const now = Date.now();
    for (const task of arriving) task.knownAt = now;
    for (const task of leaving) task.leftAt = now;
    noteServices(cluster, promised, publishedAt, now);
    const named = carried.filter(isStructural);
    const isNew = structure !== structureOf(promised);
    structure = structureOf(promised);
    if (isNew) lastReload = performance.now();
    await judge(stand, { ...promised, number }, faults, before.reloads, isNew ? named : undefined);
    for (const kind of carried) count(book.changes, kind);
  };
  /** The first generation, with which HAProxy starts. */
  const begin = async (): Promise<void> => {
    for (const host of certified) renew(host);
    const { arriving, promised, entries } = moment(stand, state, stored);
    const { code, output } = await proxy.startSync(proxy.publish(promised.files, entries)).ended;
    if (code !== 0) throw new Error(`the first sync failed: ${output}`);
    await proxy.startHaproxy();
    structure = structureOf(promised);
    for (const task of arriving) task.knownAt = Date.now();
    noteServices(cluster, promised, Date.now(), Date.now());
  };
  return { begin, once, carry };
}

const weights = Object.fromEntries(Object.entries(happenings).map(([kind, { weight }]) => [kind, weight])) as Record<
  Happening,
  number
>;

type Stored = ReadonlyMap<string, { readonly entry: Certificate; readonly serial: string }>;

/** What is to be published now, and which tasks that concerns. */
function moment({ cluster }: Stand, { extra }: State, stored: Stored) {
  const backends = cluster.backends((name) => routesOf(name, extra));
  const isServed = ({ service }: Task) => cluster.named(service).isThere;
  const leaving = cluster.tasks.filter(
    (task) => task.knownAt !== undefined && !task.isPublished && task.leftAt === undefined,
  );
  const arriving = cluster.tasks.filter((task) => task.isPublished && task.knownAt === undefined && isServed(task));
  const listed = [...stored].sort(([a], [b]) => (a < b ? -1 : 1));
  const promised: Omit<Promised, 'number'> = {
    files: render({ backends, certified: [] }),
    routes: backends.flatMap(({ service, routes }) => routes.map(({ host, path }) => [host, path, service] as const)),
    serials: new Map(listed.map(([host, { serial }]) => [host, serial])),
  };
  return { leaving, arriving, promised, entries: listed.map(([, { entry }]) => entry) };
}

function routesOf(name: string, { hosts, paths }: State['extra']): Backend['routes'] {
  const own = [{ host: hostOf(name), path: '/', since: 1 }];
  if (name === 'web') return [...own, ...hosts.map((host) => ({ host, path: '/', since: 2 }))];
  return name === 'api' ? [...own, ...paths.map((path) => ({ host: hostOf('web'), path, since: 2 }))] : own;
}

/** A service is certainly known from the end of the sync that brought it, until its end is published. */
function noteServices({ services }: Cluster, { routes }: Omit<Promised, 'number'>, publishedAt: number, now: number) {
  for (const { name, spells } of services) {
    const isKnown = routes.some(([, , service]) => service === name);
    const last = spells.at(-1);
    if (isKnown && last?.until !== Number.POSITIVE_INFINITY)
      spells.push({ from: now, until: Number.POSITIVE_INFINITY });
    if (!isKnown && last?.until === Number.POSITIVE_INFINITY) last.until = publishedAt;
  }
}

const structureOf = ({ files }: Pick<Promised, 'files'>): string =>
  /description sluice (\w+)/.exec(files.map(({ text }) => text).join('\n'))?.[1] ?? '';

/** @param named why HAProxy may have been reloaded; `undefined` where it must not */
async function judge(
  stand: Stand,
  promised: Promised,
  faults: readonly string[],
  reloadsBefore: number,
  named: readonly Happening[] | undefined,
): Promise<void> {
  const { proxy, cluster, book } = stand;
  const { reloads } = await proxy.processes();
  if (reloads > reloadsBefore && named !== undefined) book.reloads.push({ at: Date.now(), why: named });
  if (reloads > reloadsBefore && named === undefined)
    book.broken.push(`generation ${promised.number}: HAProxy was reloaded, and no change of structure asked for it`);
  book.broken.push(...faults, ...(await notAsPublished(proxy, promised)));
  book.broken.push(...servedAfterItsOrder(cluster.tasks, book.youngest));
  book.checks.generations += 1;
  await askOutside(stand, promised);
}

/** Two routes, one that is published and one that is not, and a handshake. */
async function askOutside({ proxy, cluster, random, book }: Stand, { routes, serials }: Promised): Promise<void> {
  const well = routes.filter(([, , service = '']) => hasSteadyTask(cluster, service));
  const free = Array.from({ length: 12 }, (_, index) => `extra-${index + 1}.example`).filter(
    (host) => !routes.some(([known]) => known === host),
  );
  const asked = [random.oneOf(well), random.oneOf(free.map((host) => [host, '/', undefined] as const))];
  for (const route of asked) {
    const wrong = route && (await wrongRoute(proxy, route));
    if (wrong) book.broken.push(wrong);
    if (route) book.checks.routes += 1;
  }
  const [host, serial] = random.oneOf([...serials]) ?? [];
  if (host === undefined) return;
  const shown = await servedSerial(proxy, host);
  if (shown !== serial) book.broken.push(`${host} is served with the serial ${shown}, and ${serial} is published`);
  book.checks.handshakes += 1;
}

/** One that was known well before now, and is not on its way out. */
function hasSteadyTask({ running }: Cluster, service: string): boolean {
  const isSteady = ({ knownAt = Number.POSITIVE_INFINITY, ailing }: Task) =>
    ailing.length === 0 && Date.now() - knownAt > 3_000;
  return running(service).some(isSteady);
}

/** Until the time is over: changes at their pace in the background, and one generation after the other. */
export async function drive(
  { once, carry }: Drive,
  pace: number,
  isOver: () => boolean,
  onFault: (error: Error) => void,
): Promise<void> {
  const timer = setInterval(once, 1_000 / pace);
  try {
    while (!isOver()) {
      await carry().catch(onFault);
      await sleep(50);
    }
  } finally {
    clearInterval(timer);
  }
}

import { isService, serviceKey } from '../fleet/fleet';
import type { Task } from '../fleet/task';
import type { Backend } from '../haproxy/backend';
import { addressOwners, newestPerAddress } from './addresses';
import { type Fault, readRevisions } from './claims';
import { type Contender, type Contest, contest, routeKey } from './contest';
import { type Group, groupClaims } from './groups';
import { byService, type Look } from './look';
import { remember, remembers } from './memory';
import { confirmLosses, fill } from './servers';
import { keepUnread, settleDoubts, unreadServers } from './unread';

/** What should be served, and what stands in the way of serving more. */
export type Routes = {
  readonly backends: readonly Backend[];
  readonly faults: readonly Fault[];
  /** Services that seem to have lost what nobody told to stop: without a witness ask for one, with one they contradict it. */
  readonly doubts: readonly string[];
};

/** Turns running tasks and their labels into backends. What is published is the only memory. */
export function decideRoutes(asked: Look): Routes {
  const tasks = byService(asked.fleet.tasks);
  const noteTasks = (backend: Backend) => remember(backend, tasks.get(serviceKey(backend)) ?? [], asked);
  const look = { ...asked, published: asked.published.map(noteTasks) };
  const stopped = new Set(look.published.flatMap((backend) => Object.keys(backend.stopped)));
  const running = look.fleet.tasks.filter(({ id, state }) => state === 'running' && !stopped.has(id));
  const runningOf = byService(running);

  const published = byService(look.published);
  const { revisions, faults: labelFaults } = readRevisions(running, look.fleet);
  const groups = [...revisions].flatMap(([service, own]) => groupClaims(own, published.get(service) ?? []));
  const claimed = byService(toBackends(groups, published, look.now).map(noteTasks));
  const contenders = toContenders(claimed, published, runningOf, look);
  const settled = contest(contenders, new Set(labelFaults.map(({ service }) => service)));

  const claims = new Map(groups.map((group) => [group.backend, group.claims]));
  const filled = contenders
    .flatMap((contender) => grant(contender, settled, look.now))
    .map((backend) => {
      const service = serviceKey(backend);
      const own = { tasks: runningOf.get(service) ?? [], claims: claims.get(backend.name) ?? new Map() };
      const full = fill(backend, own, settled.quarantined.has(service), look);
      return { ...full, backend: keepUnread(full.backend, own.tasks, look) };
    });
  const full = filled.map(({ backend }) => backend);
  const ownerOf = addressOwners(full, running, look.fleet);
  const { backends, displaced } = newestPerAddress(full, ownerOf);
  const confirmed = confirmLosses(backends, displaced, runningOf, ownerOf, look);
  const { doubts, faults: uncounted } = settleDoubts(confirmed.doubts, look);
  const moved = displaced.map(({ service, message }) => ({ service, message }));
  const faults = [...labelFaults, ...settled.faults, ...filled.flatMap((each) => each.faults), ...moved, ...uncounted];
  return { backends: confirmed.backends, faults, doubts };
}

type ByService<Of> = ReadonlyMap<string, readonly Of[]>;

/** Those with the oldest tasks come first: where nothing is published, they claimed first. */
function toBackends(groups: readonly Group[], published: ByService<Backend>, now: number): readonly Backend[] {
  const oldestFirst = [...groups].sort((a, b) => a.createdAt - b.createdAt || (a.backend < b.backend ? -1 : 1));
  const youngest = [...published].map(([service, own]) => {
    const ages = own.flatMap(({ routes }) => routes.map(({ since }) => since));
    return { service, since: Math.max(0, ...ages) };
  });
  return oldestFirst.map((group) => {
    const { cluster, service, backend, newest } = group;
    const own = published.get(serviceKey(group)) ?? [];
    const known = new Map(own.flatMap(({ routes }) => routes).map((route) => [routeKey(route), route]));
    // Later than what others have published, within one second too: a published route never loses to a new one.
    const others = youngest.filter((other) => other.service !== serviceKey(group)).map(({ since }) => since + 1);
    const since = Math.max(now, ...others);
    return {
      name: backend,
      cluster,
      service,
      container: newest.container,
      port: newest.port,
      routes: newest.hosts.map((host) => {
        const route = { host, path: newest.path };
        return known.get(routeKey(route)) ?? { ...route, since };
      }),
      check: newest.check,
      servers: [],
      stopped: Object.assign({}, ...own.map(({ stopped }) => stopped)),
      warned: Object.assign({}, ...own.map(({ warned }) => warned)),
    };
  });
}

/** What each service asks for. What nobody claims stays while it cannot be read, or while its service exists without a task. */
function toContenders(
  claimed: ByService<Backend>,
  published: ByService<Backend>,
  runningOf: ByService<Task>,
  look: Look,
): readonly Contender[] {
  return [...new Set([...claimed.keys(), ...published.keys()])].map((service) => {
    const own = claimed.get(service) ?? [];
    const had = published.get(service) ?? [];
    const tasks = runningOf.get(service) ?? [];
    const isOne = [...own, ...had].every(isService);
    const waits = isOne && tasks.length === 0 && (look.witness === undefined || look.witness.has(service));
    const asked = new Set(own.flatMap(({ routes }) => routes.map(routeKey)));
    const stay = had
      .filter(({ name }) => !own.some((backend) => backend.name === name))
      .filter((backend) => waits || unreadServers(backend, tasks, look).length > 0)
      .map((backend) => ({ ...backend, routes: backend.routes.filter((route) => !asked.has(routeKey(route))) }))
      .filter(({ routes }) => routes.length > 0);
    return { service, isService: isOne, wanted: [...own, ...stay], published: had };
  });
}

/** Quarantined, a service keeps what was published of it, without what somebody else has meanwhile. */
function grant({ service, wanted, published }: Contender, { quarantined, holders }: Contest, now: number) {
  const isOwn = (route: Parameters<typeof routeKey>[0]) => holders.get(routeKey(route)) === service;
  const last = published
    .map((backend) => ({ ...backend, routes: backend.routes.filter(isOwn) }))
    .filter(({ routes }) => routes.length > 0);
  const granted = quarantined.has(service) ? last : wanted;
  const retired = published.filter(
    (backend) => !granted.some(({ name }) => name === backend.name) && remembers(backend, now),
  );
  return [...granted, ...retired.map((backend): Backend => ({ ...backend, routes: [], servers: [] }))];
}

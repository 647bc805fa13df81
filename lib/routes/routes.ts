import { serviceKey } from '../fleet/fleet';
import type { Backend } from '../haproxy/backend';
import { addressOwners, newestPerAddress } from './addresses';
import type { Claim, Fault } from './claims';
import { type Contest, contest, routeKey } from './contest';
import { byService, type Look } from './look';
import { remember, remembers } from './memory';
import { doubtDisplaced, type Filled, fill } from './servers';
import { publishedGroups, readServices, type Service, toBackends, wantedBackends } from './service';

/** What should be served, and what stands in the way of serving more. */
export type Routes = {
  readonly backends: readonly Backend[];
  readonly faults: readonly Fault[];
  /** Services to ask for their own count of running tasks, or, once they were asked, those whose count contradicts ECS. */
  readonly doubts: readonly string[];
};

/** Turns running tasks and their labels into backends. What is published is the only memory. */
export function decideRoutes(asked: Look): Routes {
  const tasks = byService(asked.fleet.tasks);
  const noteTasks = (backend: Backend) => remember(backend, tasks.get(serviceKey(backend)) ?? [], asked);
  const look = { ...asked, published: asked.published.map(noteTasks) };
  const stopped = new Set(look.published.flatMap((backend) => Object.keys(backend.stopped)));
  const running = look.fleet.tasks.filter(({ id, state }) => state === 'running' && !stopped.has(id));

  const { services, faults: labelFaults, missing } = readServices(running, look);
  const contenders = services.map((service) => ({ ...service, wanted: wantedBackends(service, look).map(noteTasks) }));
  const settled = contest(contenders, new Set(labelFaults.map(({ service }) => service)));
  const filled = contenders.flatMap((each) => grant(each, settled, look));

  const full = filled.map(({ backend }) => backend);
  const { backends, displaced } = newestPerAddress(full, addressOwners(full, running, look.fleet));
  const faults = [labelFaults, settled.faults, filled.flatMap((each) => each.faults), missing.faults, displaced].flat();
  return {
    backends,
    faults: faults.map(({ service, message }) => ({ service, message })),
    doubts: [...new Set([...missing.doubts, ...doubtDisplaced(displaced, services, look)])],
  };
}

type Granted = Service & { readonly wanted: readonly Backend[] };

/**
 * What a service has in the end, with its servers: what it wanted, or, quarantined, what was published of it, without what
 * somebody else has meanwhile. Besides, what is only remembered.
 */
function grant(service: Granted, { quarantined, holders }: Contest, look: Look): readonly Filled[] {
  const isOwn = (route: Parameters<typeof routeKey>[0]) => holders.get(routeKey(route)) === service.service;
  const groups = quarantined.has(service.service) ? publishedGroups(service) : service.groups;
  const granted = quarantined.has(service.service)
    ? toBackends(groups, service).map((backend) => ({ ...backend, routes: backend.routes.filter(isOwn) }))
    : service.wanted;
  const claims = new Map(groups.map((group) => [group.backend, group.claims]));
  const none: ReadonlyMap<string, Claim> = new Map();
  const live = granted.filter(({ routes }) => routes.length > 0);
  const retired = service.published.filter(
    (backend) => !live.some(({ name }) => name === backend.name) && remembers(backend, look.now),
  );
  return [
    ...live.map((backend) => fill(backend, claims.get(backend.name) ?? none, service, look)),
    ...retired.map((backend) => ({ backend: { ...backend, routes: [], servers: [] }, faults: [] })),
  ];
}

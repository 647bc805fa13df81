import { serviceKey } from '../fleet/fleet';
import type { Backend, Route } from '../haproxy/backend';
import { addressOwners, doubtDisplaced, newestPerAddress } from './addresses';
import type { Claim, Fault } from './claims';
import { type Contest, contest, routeKey } from './contest';
import { byService, type Look, remember, remembers } from './look';
import { type Filled, fill } from './servers';
import { publishedGroups, readServices, type Service, toBackends, wantedBackends } from './service';

export type Routes = {
  readonly backends: readonly Backend[];
  readonly faults: readonly Fault[];
  /** Services whose count contradicts what ECS describes; their lost servers stay. */
  readonly doubts: readonly string[];
};

/** `ask` names services that seem to have lost servers without a stop order. */
type Decided = { readonly ask: readonly string[] } | { readonly routes: Routes };

/** What is published is the only memory. With a witness it never returns `ask`. */
export function decideRoutes(asked: Look): Decided {
  const tasks = byService(asked.fleet.tasks);
  const rememberTasks = (backend: Backend) => remember(backend, tasks.get(serviceKey(backend)) ?? [], asked);
  const look = { ...asked, published: asked.published.map(rememberTasks) };
  const stopped = new Set(look.published.flatMap((backend) => Object.keys(backend.stopped)));
  const running = look.fleet.tasks.filter(({ id, state }) => state === 'running' && !stopped.has(id));

  const { services, faults: labelFaults, missing } = readServices(running, look);
  const contenders = services.map((service) => ({
    ...service,
    wanted: wantedBackends(service, look).map(rememberTasks),
  }));
  const settled = contest(contenders, new Set(labelFaults.map(({ service }) => service)));
  const filled = contenders.flatMap((each) => fillService(each, settled, look));

  const full = filled.map(({ backend }) => backend);
  const { backends, displaced } = newestPerAddress(full, addressOwners(full, running, look.fleet));
  const doubts = [...new Set([...missing.doubts, ...doubtDisplaced(displaced, services, look)])];
  if (look.witness === undefined && doubts.length > 0) return { ask: doubts };
  const faults = [labelFaults, settled.faults, filled.flatMap((each) => each.faults), missing.faults, displaced].flat();
  return { routes: { backends, faults: faults.map(({ service, message }) => ({ service, message })), doubts } };
}

type Granted = Service & { readonly wanted: readonly Backend[] };

/** In quarantine a service has its published routes, without those that others hold. Stop orders keep a backend too. */
function fillService(service: Granted, { quarantined, holders }: Contest, look: Look): readonly Filled[] {
  const isQuarantined = quarantined.has(service.service);
  const groups = isQuarantined ? publishedGroups(service) : service.groups;
  const ownRoutes = (backend: Backend): Backend => ({
    ...backend,
    routes: backend.routes.filter((route) => holders.get(routeKey(route)) === service.service),
  });
  const granted = isQuarantined ? toBackends(groups, service).map(ownRoutes) : service.wanted;
  const live = granted.filter(({ routes }) => routes.length > 0);
  const retired = service.published.filter(
    (backend) => !live.some(({ name }) => name === backend.name) && remembers(backend, look.now),
  );
  const claims = new Map(groups.map((group) => [group.backend, group.claims]));
  const none: ReadonlyMap<string, Claim> = new Map();
  return [
    ...live.map((backend) => fill(backend, claims.get(backend.name) ?? none, service, look)),
    ...retired.map((backend) => ({ backend: { ...backend, routes: [], servers: [] }, faults: [] })),
  ];
}

type Owned = Pick<Route, 'host' | 'path'> & { readonly service: string };

/** Longer paths, and hosts within a wildcard, take requests of other services. Teams share hosts this way, or by mistake. */
export function overlaps(backends: readonly Backend[]): readonly string[] {
  const routes = backends.flatMap((backend) =>
    backend.routes.map(({ host, path }) => ({ host, path, service: serviceKey(backend) })),
  );
  const byHost = new Map<string, Map<string, Owned>>();
  for (const route of routes) byHost.set(route.host, (byHost.get(route.host) ?? new Map()).set(route.path, route));

  const pairs = new Map<string, { readonly first: string; readonly more: number }>();
  for (const route of routes) {
    for (const other of takenFrom(route, byHost)) {
      const pair = `${route.service} ${other.service}`;
      const first = `${route.service} takes ${written(route)} from ${other.service}, which serves ${written(other)}`;
      const known = pairs.get(pair);
      pairs.set(pair, known ? { ...known, more: known.more + 1 } : { first, more: 0 });
    }
  }
  return [...pairs.values()].map(({ first, more }) => (more > 0 ? `${first}; and ${more} more like it` : first)).sort();
}

function takenFrom({ host, path, service }: Owned, byHost: ReadonlyMap<string, ReadonlyMap<string, Owned>>) {
  const own = byHost.get(host);
  const answering = (asked: string) => prefixes(asked).flatMap((prefix) => own?.get(prefix) ?? [])[0]?.service;
  const ofOthers = (there: ReadonlyMap<string, Owned> | undefined) =>
    prefixes(path)
      .flatMap((prefix) => there?.get(prefix) ?? [])
      .filter((other) => other.service !== service);
  const [shorter] = ofOthers(own);
  const found = shorter ? [shorter] : [];
  for (const each of coveringHosts(host)) {
    const there = byHost.get(each);
    const below = [...(there?.values() ?? [])].filter((other) => isBelow(other.path, path));
    // These get no request on this host, unless another service has a longer path of it.
    const unreached = below.filter((other) => other.service !== service && answering(other.path) === service);
    const [next] = ofOthers(there);
    found.push(...unreached, ...(next && !shorter ? [next] : []));
    if (next) break;
  }
  return found;
}

/** From the longest wildcard to `*`, as HAProxy compares them after the host itself. */
function coveringHosts(host: string): readonly string[] {
  if (host === '*') return [];
  const labels = host.replace(/^\*\./, '').split('.');
  const wildcards = labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`);
  return [...wildcards, '*'];
}

/** Whole segments only: `/api/v1` is below `/api`, `/apix` is not. */
const isBelow = (path: string, prefix: string): boolean =>
  path !== prefix && (prefix === '/' || path.startsWith(`${prefix}/`));

function prefixes(path: string): readonly string[] {
  const segments = path.split('/').filter(Boolean);
  return [...segments.map((_, index) => `/${segments.slice(0, segments.length - index).join('/')}`), '/'];
}

const written = ({ host, path }: Owned): string => `${host}${path}`;

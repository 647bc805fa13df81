import { serviceKey } from '../fleet/fleet';
import type { Backend, Route } from '../haproxy/backend';

type Owned = Pick<Route, 'host' | 'path'> & { readonly service: string };

/**
 * Which service takes requests that another one would serve without it, in sentences: by a longer path on its host, or by a
 * host within its wildcard. Teams share hosts so; somebody may also do it by mistake.
 */
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
      const first = `${route.service} takes ${print(route)} from ${other.service}, which serves ${print(other)}`;
      const known = pairs.get(pair);
      pairs.set(pair, known ? { ...known, more: known.more + 1 } : { first, more: 0 });
    }
  }
  return [...pairs.values()].map(({ first, more }) => (more > 0 ? `${first}; and ${more} more like it` : first)).sort();
}

/** The routes of other services that would get some of this route's requests, if its own service had none. */
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
    // On this host they are asked for in vain, unless somebody else has a longer path of it.
    const inVain = below.filter((other) => other.service !== service && answering(other.path) === service);
    const [next] = ofOthers(there);
    found.push(...inVain, ...(next && !shorter ? [next] : []));
    if (next) break;
  }
  return found;
}

/** Wildcards that hold a host, from the longest, then any host: HAProxy asks them in this order, after the host itself. */
function coveringHosts(host: string): readonly string[] {
  if (host === '*') return [];
  const labels = host.replace(/^\*\./, '').split('.');
  const wildcards = labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`);
  return [...wildcards, '*'];
}

/** On segment borders: `/api/v1` is below `/api`, `/apix` is not. */
const isBelow = (path: string, prefix: string): boolean =>
  path !== prefix && (prefix === '/' || path.startsWith(`${prefix}/`));

/** A path and all that it is below, the longest first. */
function prefixes(path: string): readonly string[] {
  const segments = path.split('/').filter(Boolean);
  return [...segments.map((_, index) => `/${segments.slice(0, segments.length - index).join('/')}`), '/'];
}

const print = ({ host, path }: Owned): string => `${host}${path}`;

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
  const found: Owned[] = [];
  for (const each of coveringHosts(host)) {
    const there = byHost.get(each) ?? new Map<string, Owned>();
    // What is longer on this very host takes from this route, not the other way round.
    if (each !== host) found.push(...[...there.values()].filter((other) => isBelow(other.path, path)));
    const [next] = prefixes(path).flatMap((prefix) =>
      each === host && prefix === path ? [] : (there.get(prefix) ?? []),
    );
    if (next) found.push(next);
    if (next) break;
  }
  return found.filter((other) => other.service !== service);
}

/** In the order in which they are asked: the host itself, wildcards from the longest, any host. */
function coveringHosts(host: string): readonly string[] {
  if (host === '*') return ['*'];
  const labels = host.replace(/^\*\./, '').split('.');
  const wildcards = labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`);
  return [host, ...wildcards, '*'];
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

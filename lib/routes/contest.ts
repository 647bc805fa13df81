import { serviceKey } from '../fleet/fleet';
import type { Backend, Route } from '../haproxy/backend';
import type { Claim, Fault } from './claims';

/** The routes a claim asks for; one that is published already keeps its age. */
export function routesOf(
  { backend, hosts, path }: Claim,
  published: readonly Backend[],
  now: number,
): readonly Route[] {
  const known = published.find(({ name }) => name === backend)?.routes ?? [];
  // Later than what others have published, within one second too: a published route never loses to a new one.
  const others = published.filter(({ name }) => name !== backend).flatMap(({ routes }) => routes);
  const since = Math.max(now, ...others.map((route) => route.since + 1));
  return hosts.map((host) => known.find((route) => same(route, { host, path })) ?? { host, path, since });
}

/** Who serves what, and who is quarantined for claiming too much. */
type Contest = {
  readonly backends: readonly Backend[];
  readonly quarantined: ReadonlySet<string>;
  readonly faults: readonly Fault[];
};

/**
 * Finds the services that claim a host and path of somebody else; whoever was published first keeps it.
 * Each loser falls back to what it had, which may be what a third one claims: so they are found one at a time.
 *
 * @param grant the backends that would be served if these services were quarantined, those with the oldest claims first
 */
export function contest(
  grant: (quarantined: ReadonlySet<string>) => readonly Backend[],
  faulty: ReadonlySet<string>,
): Contest {
  const quarantined = new Set(faulty);
  const faults: Fault[] = [];
  for (;;) {
    const backends = grant(quarantined);
    const fault = firstConflict(backends, quarantined);
    if (fault === undefined) return { backends, faults, quarantined };
    faults.push(fault);
    quarantined.add(fault.service);
  }
}

/** The youngest claim to a route that an older one has. Published routes never conflict, so quarantine ends the contest. */
function firstConflict(backends: readonly Backend[], quarantined: ReadonlySet<string>): Fault | undefined {
  const holders = new Map<string, string>();
  const claims = backends
    .flatMap((backend) => backend.routes.map((route) => ({ ...route, service: serviceKey(backend) })))
    .sort((a, b) => a.since - b.since);
  for (const { host, path, service } of claims) {
    const holder = holders.get(host + path);
    if (holder === undefined) holders.set(host + path, service);
    else if (!quarantined.has(service)) {
      return { service, message: `${service}: ${host}${path} is already served by ${holder}; change one of the two` };
    }
  }
  return undefined;
}

const same = (a: Pick<Route, 'host' | 'path'>, b: Pick<Route, 'host' | 'path'>): boolean =>
  a.host === b.host && a.path === b.path;

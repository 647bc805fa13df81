import type { Backend, Route } from '../haproxy/backend';
import type { Fault } from './claims';

/** A service with what its labels ask for, and what it falls back to when it is quarantined: its published backends. */
export type Contender = {
  readonly service: string;
  /** A task that was started alone ends, a service does not: it never keeps a route from one. */
  readonly isService: boolean;
  readonly wanted: readonly Backend[];
  readonly published: readonly Backend[];
};

/** Who is quarantined for claiming too much, and who has each host and path (by `routeKey`). */
export type Contest = {
  readonly quarantined: ReadonlySet<string>;
  readonly holders: ReadonlyMap<string, string>;
  readonly faults: readonly Fault[];
};

export const routeKey = ({ host, path }: Pick<Route, 'host' | 'path'>): string => host + path;

/**
 * Finds the services that claim a host and path of somebody else; whoever was published first keeps it.
 * A loser falls back to what it had. Only where that was just given to another one is everybody looked at again.
 *
 * @param contenders in the order in which they may have what is not published yet
 * @param faulty services that are quarantined already
 */
export function contest(contenders: readonly Contender[], faulty: ReadonlySet<string>): Contest {
  const outdone = new Map<string, Fault>();
  for (;;) {
    const quarantined = new Set([...faulty, ...outdone.keys()]);
    const { holders, lost, mustGiveBack } = oneRound(contenders, quarantined);
    if (mustGiveBack.size === 0) {
      const faults = [...outdone.values(), ...lost.values()];
      return { holders, faults, quarantined: new Set([...quarantined, ...lost.keys()]) };
    }
    for (const [service, fault] of mustGiveBack) outdone.set(service, fault);
  }
}

type Round = {
  readonly holders: ReadonlyMap<string, string>;
  readonly lost: ReadonlyMap<string, Fault>;
  /** Those that were given what a later loser falls back to. */
  readonly mustGiveBack: ReadonlyMap<string, Fault>;
};

function oneRound(contenders: readonly Contender[], quarantined: ReadonlySet<string>): Round {
  const holders = new Map<string, string>();
  const [lost, mustGiveBack] = [new Map<string, Fault>(), new Map<string, Fault>()];
  for (const isService of [true, false]) {
    const claims = contenders.filter((each) => each.isService === isService).map((each) => sort(each, quarantined));
    const kept = claims.flatMap(({ service, kept }) => kept.map((route) => ({ service, route })));
    for (const { service, route } of kept.sort((a, b) => a.route.since - b.route.since)) {
      const holder = holders.get(routeKey(route));
      if (holder === undefined) holders.set(routeKey(route), service);
      else if (!quarantined.has(service)) lost.set(service, conflict(service, route, holder, isService));
    }
    const given = new Map<string, string>();
    for (const { service, fresh, dropped } of claims) {
      const taken = fresh.find((route, index) => holders.has(routeKey(route)) || isTwice(route, fresh.slice(0, index)));
      if (taken && !lost.has(service))
        lost.set(service, conflict(service, taken, holders.get(routeKey(taken)) ?? service, isService));
      for (const route of lost.has(service) ? dropped : fresh) {
        const [key, winner] = [routeKey(route), given.get(routeKey(route))];
        if (winner !== undefined) mustGiveBack.set(winner, conflict(winner, route, service, isService));
        if (!lost.has(service)) given.set(key, service);
        holders.set(key, holders.get(key) ?? service);
      }
    }
  }
  return { holders, lost, mustGiveBack };
}

type Claims = {
  readonly service: string;
  /** Published already, or to be gone back to. */
  readonly kept: readonly Route[];
  readonly fresh: readonly Route[];
  /** Published, and no longer asked for. */
  readonly dropped: readonly Route[];
};

function sort({ service, wanted, published }: Contender, quarantined: ReadonlySet<string>): Claims {
  const [asked, had] = [routesOf(wanted), routesOf(published)];
  if (quarantined.has(service)) return { service, kept: had, fresh: [], dropped: [] };
  const [askedKeys, hadKeys] = [new Set(asked.map(routeKey)), new Set(had.map(routeKey))];
  return {
    service,
    kept: asked.filter((route) => hadKeys.has(routeKey(route))),
    fresh: asked.filter((route) => !hadKeys.has(routeKey(route))),
    dropped: had.filter((route) => !askedKeys.has(routeKey(route))),
  };
}

const routesOf = (backends: readonly Backend[]): readonly Route[] => backends.flatMap(({ routes }) => routes);

const isTwice = (route: Route, before: readonly Route[]): boolean =>
  before.some((each) => routeKey(each) === routeKey(route));

function conflict(service: string, route: Route, holder: string, isService: boolean): Fault {
  const what = `${service}: ${routeKey(route)}`;
  if (holder === service)
    return { service, message: `${what} is claimed by two of its containers or routes; change one of the two` };
  return {
    service,
    message: isService
      ? `${what} is already served by ${holder}; change one of the two`
      : `${what} is already served by ${holder}, and a task that was started alone takes none away`,
  };
}

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
 * Finds the services that claim a host and path of somebody else; whoever was published first keeps it. A loser falls back to
 * what it had, and whoever was just given that loses too. Example: shop had a.example and asks for b.example, which blog has;
 * so shop keeps a.example, and api, which asks for a.example, does not get it.
 *
 * @param contenders in the order in which they may have what is not published yet
 * @param faulty services that are quarantined already
 */
export function contest(contenders: readonly Contender[], faulty: ReadonlySet<string>): Contest {
  const outdone = new Map<string, Loss>();
  for (;;) {
    const quarantined = new Set([...faulty, ...outdone.keys()]);
    const { holders, lost, fellBack } = oneRound(contenders, quarantined);
    // Who lost to a service that then lost the same route is looked at again, without that one.
    const isPremature = [...lost.values()].some(
      ({ key, holder }) => fellBack.has(holder) && holders.get(key) !== holder,
    );
    if (isPremature) for (const [service, loss] of fellBack) outdone.set(service, loss);
    else {
      const faults = [...outdone.values(), ...lost.values()].map(({ fault }) => fault);
      return { holders, faults, quarantined: new Set([...quarantined, ...lost.keys()]) };
    }
  }
}

/** Why a service is quarantined, and the route with its holder that it is for. */
type Loss = { readonly fault: Fault; readonly key: string; readonly holder: string };
type Round = {
  readonly holders: ReadonlyMap<string, string>;
  readonly lost: ReadonlyMap<string, Loss>;
  /** Those of them that were first given what they asked for. */
  readonly fellBack: ReadonlyMap<string, Loss>;
};

function oneRound(contenders: readonly Contender[], quarantined: ReadonlySet<string>): Round {
  const holders = new Map<string, string>();
  const [lost, fellBack] = [new Map<string, Loss>(), new Map<string, Loss>()];
  for (const isService of [true, false]) {
    const claims = contenders.filter((each) => each.isService === isService).map((each) => split(each, quarantined));
    const byName = new Map(claims.map((each) => [each.service, each]));
    /** Who was given what is not published yet. */
    const given = new Map<string, string>();

    for (const { service, route } of keptOldestFirst(claims)) {
      const holder = holders.get(routeKey(route));
      if (holder === undefined) holders.set(routeKey(route), service);
      else if (!quarantined.has(service)) lost.set(service, lossOf(service, route, holder, isService));
    }
    for (const { service, fresh } of claims) {
      const taken = fresh.find((route, index) => holders.has(routeKey(route)) || isTwice(route, fresh.slice(0, index)));
      const known = lost.get(service);
      if (known) fallBack(service, known);
      else if (taken) fallBack(service, lossOf(service, taken, holders.get(routeKey(taken)) ?? service, isService));
      else for (const route of fresh) give(service, routeKey(route));
    }

    function give(service: string, key: string): void {
      given.set(key, service);
      holders.set(key, service);
    }

    function fallBack(service: string, loss: Loss): void {
      const { fresh = [], dropped = [] } = byName.get(service) ?? {};
      lost.set(service, loss);
      for (const key of fresh.map(routeKey).filter((each) => given.get(each) === service)) {
        given.delete(key);
        holders.delete(key);
        fellBack.set(service, loss);
      }
      for (const route of dropped) {
        const winner = given.get(routeKey(route));
        if (winner !== undefined) fallBack(winner, lossOf(winner, route, service, isService));
        holders.set(routeKey(route), holders.get(routeKey(route)) ?? service);
      }
    }
  }
  return { holders, lost, fellBack };
}

type Claims = {
  readonly service: string;
  /** Published already, or to be gone back to. */
  readonly kept: readonly Route[];
  readonly fresh: readonly Route[];
  /** Published, and no longer asked for. */
  readonly dropped: readonly Route[];
};

function split({ service, wanted, published }: Contender, quarantined: ReadonlySet<string>): Claims {
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

const keptOldestFirst = (claims: readonly Claims[]) =>
  claims
    .flatMap(({ service, kept }) => kept.map((route) => ({ service, route })))
    .sort((a, b) => a.route.since - b.route.since);

const isTwice = (route: Route, before: readonly Route[]): boolean =>
  before.some((each) => routeKey(each) === routeKey(route));

function lossOf(service: string, route: Route, holder: string, isService: boolean): Loss {
  const key = routeKey(route);
  const what = `${service}: ${key}`;
  const words =
    holder === service
      ? `${what} is claimed by two of its containers or routes; change one of the two`
      : isService
        ? `${what} is already served by ${holder}; change one of the two`
        : `${what} is already served by ${holder}, and a task that was started alone takes none away`;
  return { key, holder, fault: { service, message: words } };
}

import type { Backend, Route } from '../haproxy/backend';
import type { Fault } from './claims';

type Contender = {
  readonly service: string;
  /** A task that was started alone never keeps a route from a service. */
  readonly isService: boolean;
  readonly wanted: readonly Backend[];
  readonly published: readonly Backend[];
};

/** `holders` by `routeKey`. */
export type Contest = {
  readonly quarantined: ReadonlySet<string>;
  readonly holders: ReadonlyMap<string, string>;
  readonly faults: readonly Fault[];
};

export const routeKey = ({ host, path }: Pick<Route, 'host' | 'path'>): string => host + path;

/**
 * Finds the services that claim a host and path of another one; the one published first keeps it. A loser falls back to its
 * published routes, and a service that was just given one of those loses too: shop had a.example and asks for b.example, which
 * blog has; so shop keeps a.example, and api, which asks for that, does not get it. New routes go by the order of `contenders`.
 */
export function contest(contenders: readonly Contender[], faulty: ReadonlySet<string>): Contest {
  const outdone = new Map<string, Loss>();
  for (;;) {
    const quarantined = new Set([...faulty, ...outdone.keys()]);
    const { holders, lost, fellBack } = oneRound(contenders, quarantined);
    // A service that lost a route to one that then lost it too gets another round, without that one.
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

type Loss = { readonly fault: Fault; readonly key: string; readonly holder: string };
type Round = {
  readonly holders: Map<string, string>;
  readonly lost: Map<string, Loss>;
  /** Losers that had been given new routes before. */
  readonly fellBack: Map<string, Loss>;
};

function oneRound(contenders: readonly Contender[], quarantined: ReadonlySet<string>): Round {
  const round: Round = { holders: new Map(), lost: new Map(), fellBack: new Map() };
  for (const isService of [true, false]) {
    const claims = contenders.filter((each) => each.isService === isService).map((each) => split(each, quarantined));
    keepPublished(claims, isService, quarantined, round);
    giveNew(claims, isService, round);
  }
  return round;
}

function keepPublished(
  claims: readonly Claims[],
  isService: boolean,
  quarantined: ReadonlySet<string>,
  { holders, lost }: Round,
): void {
  for (const { service, route } of keptOldestFirst(claims)) {
    const holder = holders.get(routeKey(route));
    if (holder === undefined) holders.set(routeKey(route), service);
    else if (!quarantined.has(service)) lost.set(service, lossOf(service, route, holder, isService));
  }
}

/** A service gets all its new routes or, if one is taken, none; then it gets back the routes that it dropped. */
function giveNew(claims: readonly Claims[], isService: boolean, { holders, lost, fellBack }: Round): void {
  const byName = new Map(claims.map((each) => [each.service, each]));
  const given = new Map<string, string>();

  /** Others may hold the dropped routes by now; they lose them, and fall back in turn. */
  const fallBack = (service: string, loss: Loss): void => {
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
  };
  for (const { service, fresh } of claims) {
    const taken = fresh.find((route, index) => holders.has(routeKey(route)) || isTwice(route, fresh.slice(0, index)));
    const known = lost.get(service);
    if (known) fallBack(service, known);
    else if (taken) fallBack(service, lossOf(service, taken, holders.get(routeKey(taken)) ?? service, isService));
    else
      for (const key of fresh.map(routeKey)) {
        given.set(key, service);
        holders.set(key, service);
      }
  }
}

type Claims = {
  readonly service: string;
  /** Published and still wanted; in quarantine, all that is published. */
  readonly kept: readonly Route[];
  readonly fresh: readonly Route[];
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

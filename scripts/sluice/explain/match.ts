import type { Backend, Route } from '../../../lib/haproxy/backend';

export type Found = { readonly backend: Backend; readonly route: Route };

/** A route that has the host, or a wildcard of it, and still does not get the request. */
export type Lost = Found & { readonly why: 'its path does not fit' | 'its path is shorter' | 'its host is less exact' };

export type Choice = { readonly won?: Found; readonly lost: readonly Lost[] };

/** Chooses as HAProxy does: docs/labels.md, "Which route a request takes". */
export function choose(backends: readonly Backend[], { host, path }: Pick<Route, 'host' | 'path'>): Choice {
  const asked = hostsOf(host);
  const nearest = backends
    .flatMap((backend) => backend.routes.map((route) => ({ backend, route })))
    .filter(({ route }) => asked.includes(route.host))
    .sort(
      (a, b) => asked.indexOf(a.route.host) - asked.indexOf(b.route.host) || b.route.path.length - a.route.path.length,
    );
  const won = nearest.find(({ route }) => fits(path, route));
  const lost = nearest.flatMap((each) => (each === won ? [] : { ...each, why: whyLost(each.route, path, won?.route) }));
  return { ...(won && { won }), lost };
}

/** Those that a route may name, in the order in which HAProxy looks for them: `a.b.c`, `*.b.c`, `*.c`, `*`. */
function hostsOf(host: string): readonly string[] {
  const labels = host.split('.');
  return [host, ...labels.slice(1).map((_, at) => `*.${labels.slice(at + 1).join('.')}`), '*'];
}

/** Whole segments only: `/api/v1` fits `/api`, `/apix` does not. */
const fits = (asked: string, { path }: Route): boolean => path === '/' || `${asked}/`.startsWith(`${path}/`);

const whyLost = (lost: Route, asked: string, won: Route | undefined): Lost['why'] => {
  if (!fits(asked, lost)) return 'its path does not fit';
  return lost.host === won?.host ? 'its path is shorter' : 'its host is less exact';
};

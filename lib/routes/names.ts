import type { Backend } from '../haproxy/backend';
import type { Claim } from './claims';

/** Of a backend: `<cluster>.<service>`, then `.<route>`, or `..<container>` and `.<route>` where several containers ask for one. */
type Named = { readonly cluster: string; readonly service: string; readonly newest: Claim };

/** A published name goes on where its routes do, else where its container does; only what is left gets a name by rule. */
export function backendNames<Of extends Named>(
  groups: readonly Of[],
  published: readonly Backend[],
): ReadonlyMap<Of, string> {
  const names = new Map<Of, string>();
  const taken = new Set<string>();
  const take = (group: Of, name: string): void => {
    if (names.has(group) || taken.has(name)) return;
    names.set(group, name);
    taken.add(name);
  };
  const pairs = groups.flatMap((group) =>
    published.map((backend) => ({ group, name: backend.name, likeness: likeness(group, backend) })),
  );
  for (const { group, name } of pairs.filter((pair) => pair.likeness > 0).sort((a, b) => b.likeness - a.likeness))
    take(group, name);
  for (const group of groups) for (const name of namesFor(group, groups)) take(group, name);
  return names;
}

function likeness(group: Named, { name, routes, container }: Backend): number {
  const { hosts, path } = group.newest;
  const shared = routes.filter((route) => route.path === path && hosts.includes(route.host)).length;
  const isOwn = container === group.newest.container && [plainName(group), longName(group)].includes(name);
  return shared * 2 + (isOwn ? 1 : 0);
}

/** HAProxy's configuration file is named for the backend, and a file's name may have 255 bytes. */
const longestName = 240;

/** In the order of preference; more of them than groups, so that each group finds one that is free. */
function namesFor(group: Named, groups: readonly Named[]): readonly string[] {
  const isAlone = groups.filter(({ newest }) => newest.route === group.newest.route).length === 1;
  const [plain, long] = [plainName(group), longName(group)];
  const numbered = groups.map((_, index) => `${baseName(group)}..${index + 1}`);
  return [...(isAlone ? [plain, long] : [long, plain]), ...numbered].filter((name) => name.length <= longestName);
}

/** ECS allows no dot in its names, so `.<route>` and `..<container>` never meet, nor two services. */
const baseName = ({ cluster, service }: Named): string => `${cluster}.${service}`;
const suffix = ({ newest: { route } }: Named): string => (route === '' ? '' : `.${route}`);
const plainName = (group: Named): string => `${baseName(group)}${suffix(group)}`;
const longName = (group: Named): string => `${baseName(group)}..${group.newest.container}${suffix(group)}`;

/** The name of the route that a backend of this name is for, as far as the name tells. */
export const routeName = ({ name, cluster, service }: Pick<Backend, 'name' | 'cluster' | 'service'>): string =>
  name
    .slice(`${cluster}.${service}`.length)
    .replace(/^\.\.[^.]*/, '')
    .slice(1);

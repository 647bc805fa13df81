import type { Labels } from '../edge/label';
import { withVersions } from '../edge/secrets';
import { type Definition, type Fleet, serviceKey } from '../fleet/fleet';
import type { Task } from '../fleet/task';
import type { Backend } from '../haproxy/backend';
import { readLabels } from './labels';

export type Claim = {
  readonly container: string;
  readonly route: string;
  /** No other container of the definition has a route of this name. */
  readonly sole: boolean;
  readonly port: number;
  readonly hosts: readonly string[];
  readonly path: string;
  readonly labels: Labels;
};

export type Revision = {
  readonly cluster: string;
  readonly service: string;
  readonly family: string;
  readonly revision: number;
  readonly claims: readonly Claim[];
  readonly tasks: readonly Pick<Task, 'id' | 'createdAt'>[];
};

export type Fault = { readonly service: string; readonly message: string };

/** AWS allows longer names, but they would not fit a file name. */
const nameLimit = 200;

/** All services share the room of a generation, and of HAProxy's map. */
const mostRoutes = 50;

/** One faulty container quarantines its whole service. */
export function readRevisions(
  running: readonly Task[],
  { definitions, secrets }: Fleet,
): { readonly revisions: ReadonlyMap<string, readonly Revision[]>; readonly faults: readonly Fault[] } {
  const known = new Map<string, Asked>();
  const byService = new Map<string, Map<string, Revision>>();
  const faults = new Map<string, Fault>();
  for (const task of running) {
    const definition = definitions.get(task.definition) ?? unlabelled;
    const asked = known.get(task.definition) ?? readDefinition(definition);
    known.set(task.definition, asked);
    if (asked.claims.length + asked.faults.length === 0) continue;

    const service = serviceKey(task);
    const { claims, faults: unusable } = withVersions(task, asked.claims, secrets);
    const problems = [...asked.faults, ...unusable, ...unroutable(task, definition.network)];
    for (const problem of problems) {
      const message = `${service}, revision ${definition.revision}: ${problem}`;
      faults.set(message, { service, message });
    }
    if (problems.length > 0) continue;
    const revisions = byService.get(service) ?? new Map<string, Revision>();
    const tasks = [...(revisions.get(task.definition)?.tasks ?? []), task];
    const { cluster, family } = task;
    const { revision } = definition;
    revisions.set(task.definition, { cluster, service: task.service, family, revision, claims, tasks });
    byService.set(service, revisions);
  }
  return {
    revisions: new Map([...byService].map(([service, revisions]) => [service, [...revisions.values()]])),
    faults: [...faults.values()],
  };
}

type Asked = { readonly claims: readonly Claim[]; readonly faults: readonly string[] };

const unlabelled: Definition = { revision: 0, network: 'bridge', containers: [] };

function readDefinition({ containers }: Definition): Asked {
  const read = containers.map((container) => ({ container: container.name, ...readLabels(container) }));
  const routes = read.flatMap(({ container, routes }) => routes.map((route) => ({ container, ...route })));
  const count = routes.flatMap(({ hosts }) => hosts).length;
  const tooMany = `${count} hosts are more than the ${mostRoutes} that a service may have; use a wildcard`;
  return {
    claims: routes.map((claim) => ({
      ...claim,
      sole: routes.every(({ container, route }) => route !== claim.route || container === claim.container),
    })),
    faults: [...read.flatMap(({ faults }) => faults), ...(count > mostRoutes ? [tooMany] : [])],
  };
}

function unroutable({ cluster, service, external }: Task, network: string): readonly string[] {
  const reasons: string[] = [];
  if (external) reasons.push('it runs on an external instance, which the proxy cannot reach; run it on EC2 or Fargate');
  if (network === 'none') reasons.push('its network mode is none; use bridge, host or awsvpc');
  if (cluster.length + service.length > nameLimit) {
    reasons.push(`the names of cluster and service together have more than ${nameLimit} characters`);
  }
  return reasons;
}

/** The published claims of tasks whose own labels cannot be read. @param ids each with its creation time, if known */
export function asPublished(backends: readonly Backend[], ids: ReadonlyMap<string, number>): readonly Revision[] {
  const revisions = new Map<string, Revision>();
  for (const [id, createdAt] of ids) {
    const own = backends.filter(({ routes, servers }) => routes.length > 0 && servers.some(({ name }) => name === id));
    const [first] = own;
    if (first === undefined) continue;
    const key = own.map(({ name }) => name).join();
    const known = revisions.get(key);
    const { cluster, service } = first;
    const tasks = [...(known?.tasks ?? []), { id, createdAt }];
    revisions.set(key, { cluster, service, family: '', revision: 0, claims: own.map(publishedClaim), tasks });
  }
  return [...revisions.values()];
}

export const publishedClaim = ({ container, port, routes, labels, ...names }: Backend): Claim => ({
  container,
  route: routeName(names),
  sole: false,
  port,
  hosts: routes.map(({ host }) => host),
  path: routes[0]?.path ?? '/',
  labels,
});

/** See `nameGroups`. */
const routeName = ({ name, cluster, service }: Pick<Backend, 'name' | 'cluster' | 'service'>): string =>
  name
    .slice(`${cluster}.${service}`.length)
    .replace(/^\.\.[^.]*/, '')
    .slice(1);

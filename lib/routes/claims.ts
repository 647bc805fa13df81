import { type Fleet, serviceKey } from '../fleet/fleet';
import type { Task } from '../fleet/task';
import { readLabels } from './labels';

/** What the labels of a service's newest running revision ask for: a backend, its routes and its container port. */
export type Claim = {
  readonly backend: string;
  readonly cluster: string;
  readonly service: string;
  readonly family: string;
  readonly revision: number;
  /** When the task was made, in epoch milliseconds. */
  readonly createdAt: number;
  readonly container: string;
  readonly port: number;
  readonly hosts: readonly string[];
  readonly path: string;
  readonly check: string;
};

/** What is wrong with one service (`<cluster>/<service>`), in a sentence. */
export type Fault = { readonly service: string; readonly message: string };

export type Claims = {
  /** What each task asks for, by task id and backend. */
  readonly byTask: ReadonlyMap<string, readonly Claim[]>;
  readonly faults: readonly Fault[];
};

/** AWS allows longer names, but a backend's file could not have them. */
const nameLimit = 200;

/** Reads the labels of every running task. One faulty container quarantines its whole service. */
export function readClaims(running: readonly Task[], { definitions }: Fleet): Claims {
  const byTask = new Map<string, readonly Claim[]>();
  const faults = new Map<string, Fault>();
  for (const task of running) {
    const { revision = 0, network = 'bridge', containers = [] } = definitions.get(task.definition) ?? {};
    const labelled = containers.map((container) => ({ container, ...readLabels(container) }));
    if (labelled.every(({ routes, faults }) => routes.length + faults.length === 0)) continue;

    const problems = [...labelled.flatMap(({ faults }) => faults), ...unroutable(task, network)];
    for (const problem of problems) {
      const message = `${serviceKey(task)}, revision ${revision}: ${problem}`;
      faults.set(message, { service: serviceKey(task), message });
    }
    if (problems.length > 0) continue;
    const claims = labelled.flatMap(({ container, routes }) =>
      routes.map(({ route, ...labels }) => ({
        ...labels,
        ...ownerOf(task, route),
        revision,
        family: task.family,
        createdAt: task.createdAt,
        container: container.name,
      })),
    );
    byTask.set(task.id, claims);
  }
  return { byTask, faults: [...faults.values()] };
}

/**
 * One claim for each backend. During a deploy two revisions run: the newer one says where the route leads, and tasks of both
 * serve it. The backends with the oldest tasks come first: where nothing is published, they claimed first.
 */
export function newestClaims(byTask: Claims['byTask']): readonly Claim[] {
  const oldestFirst = [...byTask.values()]
    .flat()
    .sort((a, b) => a.createdAt - b.createdAt || (a.backend < b.backend ? -1 : 1));
  const newest = new Map<string, Claim>();
  for (const claim of oldestFirst) {
    const known = newest.get(claim.backend);
    if (known === undefined || isNewer(claim, known)) newest.set(claim.backend, claim);
  }
  return [...newest.values()];
}

/** Revisions count within a family; a service may change to another. */
const isNewer = (claim: Claim, known: Claim): boolean =>
  claim.family === known.family ? claim.revision > known.revision : claim.createdAt > known.createdAt;

const ownerOf = ({ cluster, service }: Task, route: string) => ({
  backend: `${cluster}.${service}${route === '' ? '' : `.${route}`}`,
  cluster,
  service,
});

/** Why the tasks of a service cannot be served, whatever their labels say. */
function unroutable({ cluster, service, external }: Task, network: string): readonly string[] {
  const reasons: string[] = [];
  if (external) reasons.push('it runs on an external instance, which the proxy cannot reach; run it on EC2 or Fargate');
  if (network === 'none') reasons.push('its network mode is none; use bridge, host or awsvpc');
  if (cluster.length + service.length > nameLimit) {
    reasons.push(`the names of cluster and service together have more than ${nameLimit} characters`);
  }
  return reasons;
}

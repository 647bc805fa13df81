import { namedSecrets } from '../../../lib/edge/secrets';
import { parseDefinition } from '../../../lib/fleet/definition';
import { Unreadable } from '../../../lib/fleet/fields';
import { type Definition, type Fleet, serviceKey } from '../../../lib/fleet/fleet';
import type { Task } from '../../../lib/fleet/task';
import type { Backend } from '../../../lib/haproxy/backend';
import { decideRoutes } from '../../../lib/routes/routes';
import { notesOf } from './notes';
import type { Found } from './shapes';

/** One labelled container, or one route of it. */
export type Served = {
  readonly container: string;
  readonly port: number;
  readonly urls: readonly string[];
  readonly check: string;
  /** All other labels, without `haproxy.` and the name of the route. */
  readonly labels: Readonly<Record<string, string>>;
};

export type Judged = {
  readonly name: string;
  readonly served: readonly Served[];
  readonly faults: readonly string[];
  /** What is allowed, and may be a mistake. */
  readonly notes: readonly string[];
};

/** Decides as reconcile would if one task of the definition ran, and nothing else. */
export function judge({ name, definition: given }: Found, stage: string): Judged {
  try {
    const definition = parseDefinition({ revision: 0, ...given });
    const task = runningTask(definition, { cluster: `sluice-${stage}`, service: serviceName(name) });
    const decided = decideRoutes({ fleet: fleetOf(task, definition), published: [], warned: new Set(), now: 1 });
    if (!('routes' in decided)) throw new Error('ECS is asked, though nothing is published');
    const { backends, faults } = decided.routes;
    const owner = new RegExp(`^${serviceKey(task)}(, revision \\d+)?: `);
    const served = backends.map(servedBy);
    const messages = faults.map(({ message }) => message.replace(owner, ''));
    const isWorker = served.length + messages.length === 0;
    return { name, served, faults: messages, notes: notesOf(given, definition, { stage, isWorker }) };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { name, served: [], faults: [`it is no task definition: ${error.message}`], notes: [] };
  }
}

/** The family, which usually is the service's name too. */
const serviceName = (name: string): string => /^[A-Za-z0-9_-]{1,100}/.exec(name)?.[0] ?? 'service';

const address = '10.0.0.1';

function runningTask({ containers }: Definition, owner: Pick<Task, 'cluster' | 'service'>): Task {
  return {
    ...{ ...owner, id: 'task', version: 1, definition: 'definition', family: owner.service, instance: 'instance' },
    ...{ createdAt: 0, state: 'running', unhealthy: false, external: false },
    containers: containers.map(({ name, ports, ranges }) => ({
      ...{ name, running: true, address },
      bindings: [
        ...ports.map((port) => ({ containerPort: port, hostPort: port, count: 1 })),
        ...ranges.map(({ from, to }) => ({ containerPort: from, hostPort: from, count: to - from + 1 })),
      ],
    })),
  };
}

/** A secret is not looked for: it may be stored later. */
function fleetOf(task: Task, definition: Definition): Fleet {
  const definitions = new Map([[task.definition, definition]]);
  return {
    ...{ tasks: [task], definitions, clusters: [task.cluster], missingClusters: [], unread: [] },
    hosts: new Map([['instance', { instanceId: 'instance', address, draining: false }]]),
    secrets: new Map(namedSecrets([task], definitions).map((key) => [key, { version: '1.0' }])),
  };
}

function servedBy({ container, port, routes, labels }: Backend): Served {
  const { check = 'tcp', auth, ...others } = labels;
  return {
    ...{ container, port },
    urls: routes.map(({ host, path }) => `https://${host}${path}`),
    check,
    labels: { ...others, ...(auth !== undefined && { auth: auth.replace(/\.1\.0$/, '') }) },
  };
}

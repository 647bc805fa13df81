import { type Fleet, isService, serviceKey } from '../fleet/fleet';
import type { Task } from '../fleet/task';
import type { Backend, Server } from '../haproxy/backend';
import type { Claims, Fault } from './claims';
import type { Look } from './routes';

type Serving = { readonly task: Task; readonly server: Server };

/**
 * Fills a backend with the running tasks of its service. Where labels are quarantined its published container and port count.
 * Tasks that ECS calls unhealthy are left out while a healthy one is there.
 */
export function fill(
  backend: Backend,
  running: readonly Task[],
  byTask: Claims['byTask'],
  quarantined: ReadonlySet<string>,
  { fleet, published }: Look,
): { readonly backend: Backend; readonly faults: readonly Fault[] } {
  const before = published.find(({ name }) => name === backend.name)?.servers ?? [];
  const serving: Serving[] = [];
  const faults: Fault[] = [];
  // One without routes only remembers stop orders.
  const own = backend.routes.length === 0 ? [] : running.filter((task) => serviceKey(task) === serviceKey(backend));
  for (const task of own) {
    const claim = byTask.get(task.id)?.find((each) => each.backend === backend.name);
    const target = claim ?? (quarantined.has(serviceKey(task)) ? backend : undefined);
    if (target === undefined || !fleet.definitions.has(task.definition)) continue;

    const server = serverOf(task, target, fleet) ?? before.find(({ name }) => name === task.id);
    if (server !== undefined) serving.push({ task, server });
    else faults.push(noAddress(task, target.port, fleet));
  }
  const healthy = serving.filter(({ task }) => !task.unhealthy);
  return { backend: { ...backend, servers: ranked(healthy.length > 0 ? healthy : serving, backend, fleet) }, faults };
}

/**
 * Never wipe: when most servers of a backend vanish though nobody told them to stop, they stay until the service's own
 * count of running tasks agrees. A service without any task is asked whether it exists.
 */
export function confirmLosses(
  backend: Backend,
  running: readonly Task[],
  { fleet, published, witness }: Look,
): { readonly backend: Backend; readonly doubted: boolean } {
  const states = new Map(fleet.tasks.map(({ id, state }) => [id, state]));
  const servers = published.find(({ name }) => name === backend.name)?.servers ?? [];
  const before = servers.filter(({ name }) => states.get(name) !== 'stopping' && !(name in backend.stopped));
  const unseen = before.filter(({ name }) => !states.has(name));
  // What stays because it cannot be read is not lost, and is counted.
  const lost = unseen.filter(({ name }) => !backend.servers.some((server) => server.name === name));
  const own = running.filter((task) => serviceKey(task) === serviceKey(backend));
  const found = own.length + unseen.length - lost.length;
  if (!isService(backend) || backend.routes.length === 0) return { backend, doubted: false };
  if (witness === undefined && own.length === 0)
    return { backend: { ...backend, servers: [...backend.servers, ...lost] }, doubted: true };
  if (lost.length * 2 <= before.length) return { backend, doubted: false };
  const counted = witness?.get(serviceKey(backend)) ?? 0;
  if (witness !== undefined && typeof counted === 'number' && counted <= found) return { backend, doubted: false };
  return { backend: { ...backend, servers: [...backend.servers, ...lost] }, doubted: true };
}

/** Dynamic ports are reused: an address belongs to its newest task, in whichever backend that is. */
export function newestPerAddress(
  backends: readonly Backend[],
  running: readonly Task[],
  { tasks, definitions, hosts }: Fleet,
): readonly Backend[] {
  const createdAt = new Map(tasks.map((task) => [task.id, task.createdAt]));
  const age = ({ name }: Server) => createdAt.get(name) ?? 0;
  const owners = new Map<string, Server>();
  const bound = running.flatMap((task) => boundBy(task, { definitions, hosts }));
  for (const server of [...bound, ...backends.flatMap(({ servers }) => servers)]) {
    const owner = owners.get(addressOf(server));
    if (owner === undefined || age(server) > age(owner)) owners.set(addressOf(server), server);
  }
  const owns = (server: Server) => owners.get(addressOf(server))?.name === server.name;
  return backends.map((backend) => ({ ...backend, servers: backend.servers.filter(owns) }));
}

/** What a task has taken on its host, routed or not. In host mode that is what its definition maps. */
function boundBy(task: Task, { definitions, hosts }: Pick<Fleet, 'definitions' | 'hosts'>): readonly Server[] {
  const address = hosts.get(task.instance ?? '')?.address;
  const { network, containers = [] } = definitions.get(task.definition) ?? {};
  if (address === undefined || network === 'awsvpc') return [];
  const bindings = task.containers.flatMap((container) => container.bindings.map(({ hostPort }) => hostPort));
  const ports = network === 'host' ? containers.flatMap((container) => container.ports) : bindings;
  return ports.map((port) => ({ name: task.id, address, port }));
}

/**
 * Where a task is reached: in `awsvpc` mode at its own address, else at its host's. In host mode Docker names no bindings:
 * there the container's port is the host's.
 */
function serverOf(
  task: Task,
  target: Pick<Backend, 'container' | 'port'>,
  { definitions, hosts }: Fleet,
): Server | undefined {
  const network = definitions.get(task.definition)?.network;
  const container = task.containers.find(({ name, running }) => running && name === target.container);
  const bound = container?.bindings.find(({ containerPort }) => containerPort === target.port)?.hostPort;
  const address = network === 'awsvpc' ? container?.address : hosts.get(task.instance ?? '')?.address;
  const port = network === 'awsvpc' || network === 'host' ? target.port : bound;
  if (container === undefined || address === undefined || port === undefined) return undefined;
  return { name: task.id, address, port };
}

/**
 * Tasks on a host that drains, or has a Spot warning, are second choice while at least as many others are there.
 * ECS keeps them running until it has replaced them; so does the proxy.
 */
function ranked(serving: readonly Serving[], { warned }: Backend, { hosts }: Fleet): readonly Server[] {
  const isWarned = ({ task }: Serving) => task.id in warned || hosts.get(task.instance ?? '')?.draining === true;
  const enough = serving.filter((each) => !isWarned(each)).length * 2 >= serving.length;
  return serving.map((each) => {
    const { name, address, port } = each.server;
    return enough && isWarned(each) ? { name, address, port, second: true } : { name, address, port };
  });
}

const noAddress = (task: Task, port: number, fleet: Fleet): Fault => ({
  service: serviceKey(task),
  message: `${serviceKey(task)}: task ${task.id} runs but has no address for port ${port} yet; ${whoNamesOne(task, fleet)}`,
});

/** What is waited for, and what to look at where it may never come. */
function whoNamesOne({ definition, instance = '' }: Task, { definitions, hosts }: Fleet): string {
  const host = hosts.get(instance);
  if (definitions.get(definition)?.network === 'awsvpc') return 'it joins once ECS names one';
  if (host === undefined) return 'ECS does not describe its container instance, and it joins once it does';
  if (host.address === undefined)
    return `EC2 shows no private address of ${host.instanceId || 'its instance'}, and it joins once it does; see whether the instance runs in this account and region`;
  return 'ECS names no host port of it, and it joins once it does; see whether its container runs and maps the port';
}

const addressOf = ({ address, port }: Server): string => `${address}:${port}`;

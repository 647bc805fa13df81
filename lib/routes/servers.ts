import { type Fleet, isService, serviceKey } from '../fleet/fleet';
import type { Task } from '../fleet/task';
import type { Backend, Server } from '../haproxy/backend';
import type { Displaced, OwnerOf } from './addresses';
import type { Claim, Fault } from './claims';
import type { Look } from './look';

type Serving = { readonly task: Task; readonly server: Server };

/** The running tasks of a backend's service, and what in each of them serves the backend, by task id. */
type Own = { readonly tasks: readonly Task[]; readonly claims: ReadonlyMap<string, Claim> };

/**
 * Fills a backend with the running tasks of its service. Where labels are quarantined its published container and port count.
 * Tasks that ECS calls unhealthy are left out while a healthy one is there.
 */
export function fill(
  backend: Backend,
  { tasks, claims }: Own,
  isQuarantined: boolean,
  { fleet, published }: Look,
): { readonly backend: Backend; readonly faults: readonly Fault[] } {
  const before = published.find(({ name }) => name === backend.name)?.servers ?? [];
  const serving: Serving[] = [];
  const faults: Fault[] = [];
  // One without routes only remembers stop orders.
  for (const task of backend.routes.length === 0 ? [] : tasks) {
    const target = claims.get(task.id) ?? (isQuarantined ? backend : undefined);
    if (target === undefined || !fleet.definitions.has(task.definition)) continue;

    const server = serverOf(task, target, fleet) ?? before.find(({ name }) => name === task.id);
    if (server !== undefined) serving.push({ task, server });
    else faults.push(noAddress(task, target, fleet));
  }
  const healthy = serving.filter(({ task }) => !task.unhealthy);
  return { backend: { ...backend, servers: ranked(healthy.length > 0 ? healthy : serving, backend, fleet) }, faults };
}

/**
 * Never wipe: when most servers of a backend vanish though nobody told them to stop, those that nobody describes stay until
 * the service's own count of running tasks agrees. One whose address belongs to another task goes, but the service is asked.
 * A service without any task is asked whether it exists.
 */
export function confirmLosses(
  backends: readonly Backend[],
  displaced: readonly Displaced[],
  runningOf: ReadonlyMap<string, readonly Task[]>,
  ownerOf: OwnerOf,
  { fleet, published, witness }: Look,
): { readonly backends: readonly Backend[]; readonly doubts: readonly string[] } {
  const states = new Map(fleet.tasks.map(({ id, state }) => [id, state]));
  const before = new Map(published.map(({ name, servers }) => [name, servers]));
  const gone = new Set(displaced.map(({ id }) => id));
  const doubts = new Set<string>();

  const confirmed = backends.map((backend) => {
    if (!isService(backend) || backend.routes.length === 0) return backend;
    const service = serviceKey(backend);
    const isThere = new Set(backend.servers.map(({ name }) => name));
    const had = (before.get(backend.name) ?? []).filter(
      ({ name }) => states.get(name) !== 'stopping' && !(name in backend.stopped),
    );
    // What stays because it cannot be read is not lost, and is counted.
    const undescribed = had.filter(({ name }) => !states.has(name) && !isThere.has(name));
    const unread = had.filter(({ name }) => !states.has(name) && isThere.has(name)).length;
    const lost = had.filter((server) => undescribed.includes(server) || gone.has(server.name)).length;
    const own = runningOf.get(service) ?? [];
    const serving = own.filter(({ id }) => !gone.has(id)).length + unread;

    const counted = witness?.get(service) ?? 0;
    const agrees =
      witness === undefined
        ? own.length > 0 && lost * 2 <= had.length
        : lost * 2 <= had.length || (typeof counted === 'number' && counted <= serving);
    if (agrees) return backend;
    doubts.add(service);
    return {
      ...backend,
      servers: [...backend.servers, ...undescribed.filter((server) => ownerOf(server) === undefined)],
    };
  });
  return { backends: confirmed, doubts: [...doubts] };
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
  const bound = container?.bindings.find(
    ({ containerPort, count }) => containerPort <= target.port && target.port < containerPort + count,
  );
  const address = network === 'awsvpc' ? container?.address : hosts.get(task.instance ?? '')?.address;
  const onHost = bound && bound.hostPort + target.port - bound.containerPort;
  const port = network === 'awsvpc' || network === 'host' ? target.port : onHost;
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

function noAddress(task: Task, { container, port }: Pick<Backend, 'container' | 'port'>, fleet: Fleet): Fault {
  const service = serviceKey(task);
  const what = `${service}: task ${task.id}`;
  const isIpv6Only =
    task.containers.find(({ name }) => name === container)?.ipv6Only ?? fleet.hosts.get(task.instance ?? '')?.ipv6Only;
  if (isIpv6Only)
    return {
      service,
      message: `${what} runs but has only an IPv6 address, and the proxy speaks IPv4; run it in a subnet with IPv4`,
    };
  return {
    service,
    message: `${what} runs but has no address for port ${port} yet; ${whoNamesOne(task, fleet)}`,
  };
}

/** What is waited for, and what to look at where it may never come. */
function whoNamesOne({ definition, instance = '' }: Task, { definitions, hosts }: Fleet): string {
  const host = hosts.get(instance);
  if (definitions.get(definition)?.network === 'awsvpc') return 'it joins once ECS names one';
  if (host === undefined) return 'ECS does not describe its container instance, and it joins once it does';
  if (host.address === undefined)
    return `EC2 shows no private address of ${host.instanceId || 'its instance'}, and it joins once it does; see whether the instance runs in this account and region`;
  return 'ECS names no host port of it, and it joins once it does; see whether its container runs and maps the port';
}

import { type Fleet, serviceKey } from '../fleet/fleet';
import type { Task } from '../fleet/task';
import type { Backend, Server } from '../haproxy/backend';
import { quote } from '../printable';
import type { Claim, Fault } from './claims';
import type { Look } from './look';
import type { Service } from './service';

export type Filled = { readonly backend: Backend; readonly faults: readonly Fault[] };

type Serving = { readonly task: Task | undefined; readonly server: Server };

/** Without a known address a task stays as published. Unhealthy tasks are left out while a healthy one is there. */
export function fill(
  backend: Backend,
  claims: ReadonlyMap<string, Claim>,
  { running, published }: Service,
  { fleet }: Look,
): Filled {
  const serving: Serving[] = [];
  const faults: Fault[] = [];
  for (const [id, claim] of claims) {
    const task = running.get(id);
    const isReadable = task !== undefined && fleet.definitions.has(task.definition);
    const server = (isReadable && serverOf(task, claim, fleet)) || publishedServer(id, claim, published);
    if (server) serving.push({ task, server });
    else if (isReadable) faults.push(noAddress(task, claim, fleet));
  }
  const healthy = serving.filter(({ task }) => !task?.unhealthy);
  return { backend: { ...backend, servers: ranked(healthy.length > 0 ? healthy : serving, backend, fleet) }, faults };
}

function publishedServer(id: string, { container, port }: Claim, published: readonly Backend[]): Server | undefined {
  const same = published.filter((backend) => backend.container === container && backend.port === port);
  return same.flatMap(({ servers }) => servers).find(({ name }) => name === id);
}

/** In `awsvpc` mode a task has its own address. In host mode Docker names no bindings: the container's port is the host's. */
function serverOf(task: Task, target: Claim, { definitions, hosts }: Fleet): Server | undefined {
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

/** Warned tasks are second choice while as many others are there: ECS keeps them running until it has replaced them. */
function ranked(serving: readonly Serving[], { warned }: Backend, { hosts }: Fleet): readonly Server[] {
  const isWarned = ({ task, server }: Serving) =>
    server.name in warned || hosts.get(task?.instance ?? '')?.draining === true;
  const enough = serving.filter((each) => !isWarned(each)).length * 2 >= serving.length;
  return serving.map((each) => {
    const { name, address, port } = each.server;
    return enough && isWarned(each) ? { name, address, port, second: true } : { name, address, port };
  });
}

function noAddress(task: Task, { container, port }: Claim, fleet: Fleet): Fault {
  const service = serviceKey(task);
  const what = `${service}: task ${task.id}`;
  const own = task.containers.find(({ name }) => name === container);
  if (own === undefined)
    return {
      service,
      message: `${what} runs but has no container ${quote(container)}, to which its published route leads; correct its labels`,
    };
  const isIpv6Only = own.ipv6Only ?? fleet.hosts.get(task.instance ?? '')?.ipv6Only;
  if (isIpv6Only)
    return {
      service,
      message: `${what} runs but has only an IPv6 address, and the proxy speaks IPv4; run it in a subnet with IPv4`,
    };
  return {
    service,
    message: `${what} runs but has no address for port ${port} yet; ${whereItComesFrom(task, fleet)}`,
  };
}

function whereItComesFrom({ definition, instance = '' }: Task, { definitions, hosts }: Fleet): string {
  const host = hosts.get(instance);
  if (definitions.get(definition)?.network === 'awsvpc') return 'it joins once ECS names one';
  if (host === undefined) return 'ECS does not describe its container instance, and it joins once it does';
  if (host.address === undefined)
    return `EC2 shows no private address of ${host.instanceId || 'its instance'}, and it joins once it does; see whether the instance runs in this account and region`;
  return 'ECS names no host port of it, and it joins once it does; see whether its container runs and maps the port';
}

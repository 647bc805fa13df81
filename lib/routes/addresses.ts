import { type Fleet, serviceKey } from '../fleet/fleet';
import type { PortRange, Task } from '../fleet/task';
import type { Backend, Server } from '../haproxy/backend';
import type { Fault } from './claims';
import type { Look } from './look';
import type { Service } from './service';

type OwnerOf = (server: Server) => Task | undefined;

/** Ports are reused: an address belongs to the newest task with a running container on it, else to the newest that is served there. */
export function addressOwners(backends: readonly Backend[], running: readonly Task[], fleet: Fleet): OwnerOf {
  const known = new Map(running.map((task) => [task.id, task]));
  const single = new Map<string, Task>();
  const ranges = new Map<string, { readonly task: Task; readonly ports: PortRange }[]>();
  for (const task of running) {
    for (const { address, ports } of takenBy(task, fleet)) {
      const key = addressOf({ address, port: ports.from });
      if (ports.from === ports.to) single.set(key, newer(single.get(key), task));
      else if (ranges.get(address)?.push({ task, ports }) === undefined) ranges.set(address, [{ task, ports }]);
    }
  }
  const served = new Map<string, Task>();
  for (const server of backends.flatMap(({ servers }) => servers)) {
    const task = known.get(server.name);
    if (task) served.set(addressOf(server), newer(served.get(addressOf(server)), task));
  }
  return (server) => {
    const within = (ranges.get(server.address) ?? []).filter(
      ({ ports }) => ports.from <= server.port && server.port <= ports.to,
    );
    const holder = within.reduce<Task | undefined>(
      (newest, { task }) => newer(newest, task),
      single.get(addressOf(server)),
    );
    return holder ?? served.get(addressOf(server));
  };
}

type Displaced = Fault & { readonly id: string };

export function newestPerAddress(
  backends: readonly Backend[],
  ownerOf: OwnerOf,
): { readonly backends: readonly Backend[]; readonly displaced: readonly Displaced[] } {
  const displaced = new Map<string, Displaced>();
  const owned = backends.map((backend) => {
    const servers = backend.servers.filter((server) => (ownerOf(server)?.id ?? server.name) === server.name);
    for (const server of backend.servers.filter((each) => !servers.includes(each)))
      displaced.set(server.name, displacement(backend, server, ownerOf(server)));
    return { ...backend, servers };
  });
  return { backends: owned, displaced: [...displaced.values()] };
}

const displacement = (backend: Backend, server: Server, owner: Task | undefined): Displaced => ({
  id: server.name,
  service: serviceKey(backend),
  message:
    `${serviceKey(backend)}: task ${server.name} gets no more requests: ${addressOf(server)} now belongs to the younger task ` +
    `${owner?.id} of ${owner && serviceKey(owner)}; ECS should report its end soon; if not, stop it`,
});

/** Services that lost most servers of a backend to younger tasks: to be asked or, once asked, those that count more tasks. */
export function doubtDisplaced(
  displaced: readonly Displaced[],
  services: readonly Service[],
  { witness }: Look,
): readonly string[] {
  const gone = new Set(displaced.map(({ id }) => id));
  return services.flatMap(({ service, isService, published, running }) => {
    const isLarge = published.some(({ servers, stopped }) => {
      const had = servers.filter(({ name }) => !(name in stopped));
      return had.filter(({ name }) => gone.has(name)).length * 2 > had.length;
    });
    if (!isService || !isLarge) return [];
    const left = [...running.keys()].filter((id) => !gone.has(id)).length;
    const counted = witness === undefined ? Number.POSITIVE_INFINITY : (witness.get(service) ?? 0);
    return typeof counted === 'number' && counted > left ? [service] : [];
  });
}

/** The result does not depend on their order. */
const newer = (known: Task | undefined, task: Task): Task =>
  known !== undefined && (task.createdAt - known.createdAt || (task.id > known.id ? 1 : -1)) <= 0 ? known : task;

type Address = { readonly address: string; readonly ports: PortRange };

/** Tasks in `awsvpc` mode share no address. In host mode Docker names no bindings, so the definition says the ports. */
function takenBy(task: Task, { definitions, hosts }: Fleet): readonly Address[] {
  const { network, containers = [] } = definitions.get(task.definition) ?? {};
  const live = task.containers.filter(({ running }) => running);
  if (network === 'awsvpc' || live.some((container) => container.address !== undefined))
    return live.flatMap(({ address }) => (address === undefined ? [] : { address, ports: { from: 1, to: 65_535 } }));
  const { address } = hosts.get(task.instance ?? '') ?? {};
  if (address === undefined) return [];
  const mapped = containers.filter(({ name }) => live.some((container) => container.name === name));
  const ports =
    network === 'host'
      ? mapped.flatMap(({ ports, ranges }) => [...ports.map((port) => ({ from: port, to: port })), ...ranges])
      : live.flatMap(({ bindings }) =>
          bindings.map(({ hostPort, count }) => ({ from: hostPort, to: hostPort + count - 1 })),
        );
  return ports.map((range) => ({ address, ports: range }));
}

const addressOf = ({ address, port }: Pick<Server, 'address' | 'port'>): string => `${address}:${port}`;

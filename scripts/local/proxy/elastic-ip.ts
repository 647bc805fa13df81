import { connect, createServer, type Server, type Socket } from 'node:net';

import type { Address } from '../api/loopback';
import type { Timers } from '../timers';
import type { Ports } from './machine';

/** Who answers at an address: one of a machine's own addresses for each port. */
export type Holder = Readonly<Record<keyof Ports, Address>>;

/**
 * An Elastic IP address: ports on loopback whose connections lead to whoever holds it. When it moves, every open connection is
 * cut, as on AWS (EC2: Elastic IP addresses); one that is opened before the move is done waits, as a SYN is sent again.
 * The port of HAProxy's statistics is none of AWS's: it stands for a forwarded port of Session Manager.
 */
export async function elasticIp(ports: Ports, moveMs: number, timers: Timers) {
  const open = new Set<Socket>();
  let waiting: (() => void)[] = [];
  let holder: Holder | undefined;
  let moves = 0;
  let cut = 0;

  const lead = (client: Socket, name: keyof Ports): void => {
    if (client.destroyed) return;
    if (!holder) return void waiting.push(() => lead(client, name));
    const { host, port } = holder[name];
    // Whoever holds it sees the visitor's own address, as on AWS.
    const visitor = client.remoteAddress;
    const server = connect({ host, port, allowHalfOpen: true, ...(visitor && { localAddress: visitor }) });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.pipe(to);
      from.on('error', () => to.resetAndDestroy()).on('close', () => to.destroy());
    }
    client.resume();
  };
  const accept = (name: keyof Ports) => (client: Socket) => {
    client.setNoDelay(true).on('error', () => {});
    open.add(client);
    client.on('close', () => open.delete(client));
    lead(client, name);
  };
  const servers = await Promise.all(
    Object.entries(ports).map(([name, port]) => listen(port, accept(name as keyof Ports))),
  );

  return {
    ports,
    /** @returns how many open connections were cut. */
    moveTo: (next: Holder): void => {
      holder = undefined;
      moves += 1;
      const move = moves;
      for (const socket of open) socket.resetAndDestroy();
      cut += open.size;
      timers.after(moveMs, () => {
        if (move !== moves) return;
        holder = next;
        const held = waiting;
        waiting = [];
        for (const go of held) go();
      });
    },
    /** Its holder is gone. */
    leave: (from: Holder): void => {
      if (holder === from) holder = undefined;
    },
    held: (): Holder | undefined => holder,
    /** Connections that moves have cut so far. */
    cut: (): number => cut,
    stop: async (): Promise<void> => {
      for (const socket of open) socket.destroy();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

export type ElasticIp = Awaited<ReturnType<typeof elasticIp>>;

const listen = (port: number, accept: (socket: Socket) => void): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, accept).on('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });

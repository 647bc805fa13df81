import { connect, createServer, type Socket } from 'node:net';

import { type Address, listen } from '../../real/loopback';
import type { Timers } from '../timers';
import type { Ports } from './machine';

/** The machine that answers at an address, by its own address for each port. */
export type Holder = Readonly<Record<keyof Ports, Address>>;

type State = { readonly waiting: (() => void)[]; holder: Holder | undefined; moves: number };

/**
 * An Elastic IP address: ports on loopback whose connections lead to whoever holds it. When it moves, every open connection is
 * cut, as on AWS (EC2: Elastic IP addresses); one that is opened before the move is done waits, as a SYN is sent again.
 * The port of HAProxy's statistics is none of AWS's: it stands for a forwarded port of Session Manager.
 */
export async function elasticIp(ports: Ports, moveMs: number, timers: Timers) {
  const state: State = { waiting: [], holder: undefined, moves: 0 };
  const names = Object.keys(ports) as (keyof Ports)[];
  const servers = await Promise.all(names.map((name) => listen(serverAt(state, name), ports[name])));
  return {
    ports,
    moveTo: (next: Holder): void => {
      state.moves += 1;
      const move = state.moves;
      state.holder = undefined;
      for (const { open } of servers) for (const socket of open) socket.resetAndDestroy();
      timers.after(moveMs, () => {
        if (move !== state.moves) return;
        state.holder = next;
        for (const go of state.waiting.splice(0)) go();
      });
    },
    /** Ends the association when the holder is gone. */
    leave: (from: Holder): void => {
      if (state.holder === from) state.holder = undefined;
    },
    held: (): Holder | undefined => state.holder,
    stop: async (): Promise<void> => void (await Promise.all(servers.map(({ stop }) => stop()))),
  };
}

export type ElasticIp = Awaited<ReturnType<typeof elasticIp>>;

const serverAt = (state: State, name: keyof Ports) =>
  createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    client.setNoDelay(true).on('error', () => {});
    lead(state, client, name);
  });

function lead(state: State, client: Socket, name: keyof Ports): void {
  if (client.destroyed) return;
  if (!state.holder) return void state.waiting.push(() => lead(state, client, name));
  // The holder sees the visitor's own address, as on AWS.
  const visitor = client.remoteAddress;
  const server = connect({ ...state.holder[name], allowHalfOpen: true, ...(visitor && { localAddress: visitor }) });
  const join = (from: Socket, to: Socket): unknown =>
    from
      .on('error', () => to.resetAndDestroy())
      .on('close', () => to.destroy())
      .pipe(to);
  join(client, server);
  join(server, client);
  client.resume();
}

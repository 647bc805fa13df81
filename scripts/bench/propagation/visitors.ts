// The visitors have a process of their own, started by load.ts, so that the event loop of the played AWS delays no measurement.
import { Agent } from 'node:http';

import { visit } from '../../demo/visit';
import type { Batch, Order, Seen } from './load';

let order: Order = { targets: [], perSecond: 0 };
let agents: readonly { readonly kept: Agent; readonly fresh: Agent }[] = [];
let since = 0;
let sent = 0;
let underWay = 0;
let ended: Seen[] = [];

// An open loop: a request is sent when it is due, however slow earlier ones are.
setInterval(() => {
  const due = Math.floor((order.perSecond * order.targets.length * (performance.now() - since)) / 1_000);
  while (sent < due) send(sent++);
}, 5);
setInterval(report, 250);

process.on('message', (next: Order) => {
  [order, since, sent] = [next, performance.now(), 0];
  // They close before HAProxy does, so that no request meets a connection that is being closed.
  agents = next.targets.map(() => ({
    kept: new Agent({ keepAlive: true, timeout: 4_000, maxSockets: 60 }),
    fresh: new Agent({ keepAlive: false, maxSockets: 60 }),
  }));
});

/** One in four opens a connection. They come from several addresses, because Sluice limits the connections of each. */
function send(n: number): void {
  const [target, turn] = [n % order.targets.length, Math.floor(n / order.targets.length)];
  const { origin = '', host } = order.targets[target] ?? {};
  const kind = turn % 4 === 3 ? 'fresh' : 'kept';
  const from = process.platform === 'linux' ? `127.0.0.${2 + (turn % 8)}` : undefined;
  const plan = { id: `${target}-${turn}`, kind, method: 'GET', path: '/', from, ...(host && { host }) } as const;
  underWay += 1;
  void visit(origin, plan, agents[target]?.[kind] ?? new Agent()).then(({ id, start, end, status, task, error }) => {
    underWay -= 1;
    ended.push({ target, id, start, end, status, task, error });
  });
}

function report(): void {
  // The event "disconnect" may have come before this process listened.
  if (!process.connected) process.exit();
  process.send?.({ visits: ended, underWay } satisfies Batch);
  ended = [];
}

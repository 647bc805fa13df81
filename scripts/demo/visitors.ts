// The load's own process, started by load.ts, so that what it measures is not the world's event loop.
import { Agent, type AgentOptions } from 'node:http';

import type { Batch, Order } from './load';
import { due, plan } from './mix';
import { secureOrigin, trusting } from './secure';
import { type Visit, visit } from './visit';

/**
 * HAProxy closes a connection that idles for 5 s. A request sent at that moment is lost on the way (ECONNRESET);
 * a browser would repeat it, these visitors repeat nothing, so they close first.
 */
const reusing: AgentOptions = { keepAlive: true, timeout: 4_000 };

const agents = (make: (options: AgentOptions) => Agent) => ({ kept: make(reusing), fresh: make({ keepAlive: false }) });

const plain = agents((options) => new Agent(options));
/** Those who come by HTTPS, once they may. */
let secure: (typeof plain & { readonly origin: string }) | undefined;

let order: Order & { readonly since: number; readonly first: number } = {
  origin: '',
  perSecond: 0,
  since: 0,
  first: 0,
};
let sent = 0;
let underWay = 0;
let ended: Visit[] = [];

setInterval(() => {
  const until = order.first + due(order.perSecond, Date.now() - order.since);
  while (sent < until) send(sent++);
}, 5);

setInterval(report, 250);

process.on('message', (next: Order) => {
  order = { ...next, since: Date.now(), first: sent };
  const { secure: how } = next;
  if (how) secure ??= { ...agents((options) => trusting(how, options)), origin: secureOrigin(how) };
});

/** Several, as visitors have: HAProxy refuses more than a quarter of all connections to one. Only Linux has all of 127.0.0.0/8. */
const addressOf = (n: number): string | undefined =>
  process.platform === 'linux' ? `127.0.0.${2 + (n % 8)}` : undefined;

function send(n: number): void {
  const next = plan(n, secure !== undefined);
  const { kept, fresh, origin } = next.secure && secure ? secure : { ...plain, origin: order.origin };
  underWay += 1;
  void visit(origin, { ...next, from: addressOf(n) }, next.kind === 'fresh' ? fresh : kept).then((visited) => {
    underWay -= 1;
    ended.push(visited);
  });
}

function report(): void {
  // Asked each time, not heard as an event: the parent may have left before there was anybody to hear it.
  if (!process.connected) process.exit();
  process.send?.({ visits: ended, underWay } satisfies Batch);
  ended = [];
}

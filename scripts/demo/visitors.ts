// The visitors have a process of their own, started by load.ts, so that the event loop of the played AWS delays no measurement.
import { Agent, type AgentOptions } from 'node:http';

import type { Batch, Order } from './load';
import { secureOrigin, trusting } from './secure';
import { type Plan, type Visit, visit } from './visit';

/**
 * HAProxy closes a connection that idles for 5 s. A request sent at that moment is lost on the way (ECONNRESET);
 * a browser would repeat it, these visitors repeat nothing, so they close first.
 */
const reusing: AgentOptions = { keepAlive: true, timeout: 4_000, maxSockets: 60 };
/**
 * All four kinds together stay below the 400 connections of a t4g.nano's HAProxy. Otherwise one stall of a busy machine lasts: visitors open
 * connections that then idle in HAProxy's last places.
 */
const closing: AgentOptions = { keepAlive: false, maxSockets: 120 };
const agents = (make: (options: AgentOptions) => Agent) => ({ kept: make(reusing), fresh: make(closing) });

const plain = agents((options) => new Agent(options));
/** For visitors by HTTPS, once `Order.secure` is there. */
let secure: (typeof plain & { readonly origin: string }) | undefined;

let order: Order & { since: number; first: number } = { origin: '', perSecond: 0, since: 0, first: 0 };
let sent = 0;
let underWay = 0;
let ended: Visit[] = [];

// An open loop: a request is sent when it is due, however slow earlier ones are.
setInterval(() => {
  const due = order.first + Math.floor((order.perSecond * (Date.now() - order.since)) / 1000);
  while (sent < due) send(sent++);
}, 5);
setInterval(report, 250);

process.on('message', (next: Order) => {
  order = { ...next, since: Date.now(), first: sent };
  const { secure: how } = next;
  if (how) secure ??= { ...agents((options) => trusting(how, options)), origin: secureOrigin(how) };
});

/** One in ten is slow, one in four opens a connection, one in three is a POST; half of each go by HTTPS. */
function plan(n: number): Plan {
  const kind = n % 10 === 9 ? 'slow' : n % 4 === 1 ? 'fresh' : 'kept';
  // The waits differ, so that some requests are always inside a task that stops.
  const path = kind === 'slow' ? `/slow?ms=${200 + ((n * 37) % 601)}` : '/';
  const isSecure = secure !== undefined && Math.floor(n / 60) % 2 === 1;
  return { id: `r${n}`, kind, method: n % 3 === 2 ? 'POST' : 'GET', path, ...(isSecure && { secure: true }) };
}

/** HAProxy lets one address have a quarter of all connections. Only Linux has all of 127.0.0.0/8. */
const addressOf = (n: number): string | undefined =>
  process.platform === 'linux' ? `127.0.0.${2 + (n % 8)}` : undefined;

function send(n: number): void {
  const next = plan(n);
  const { kept, fresh, origin } = next.secure && secure ? secure : { ...plain, origin: order.origin };
  underWay += 1;
  void visit(origin, { ...next, from: addressOf(n) }, next.kind === 'fresh' ? fresh : kept).then((visited) => {
    underWay -= 1;
    ended.push(visited);
  });
}

function report(): void {
  // The event "disconnect" may have come before this process listened.
  if (!process.connected) process.exit();
  process.send?.({ visits: ended, underWay } satisfies Batch);
  ended = [];
}

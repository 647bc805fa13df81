import type { Client, Order } from 'acme-client';

import type { Wait } from './order';
import { type Problem, Refusal, refusal } from './refusal';

export const everyMs = 2_000;
/** Three minutes. */
export const mostAsks = 90;

/**
 * Has the CA issue what an order that is ready asks for. Only the order's own status tells whether it does: an answer may be
 * lost, and a CA whose servers lag behind each other answers `orderNotReady` for an order that is ready (RFC 8555, section 7.4).
 * While it is ready, it is asked again.
 *
 * @param mayBeIssued takes each time what is known now
 */
export async function finalized(
  client: Client,
  ready: Order,
  request: Buffer,
  wait: Wait,
  mayBeIssued: (is: boolean) => void,
): Promise<Order> {
  let order = ready;
  let refused: Error | undefined;
  for (let asks = 0; asks < mostAsks; asks++) {
    if (order.status === 'ready' && (asks === 0 || refused !== undefined)) {
      mayBeIssued(true);
      refused = await client.finalizeOrder(order, request).then(() => undefined, asError);
      if (refused instanceof Refusal && !isNotReady(refused)) mayBeIssued(false);
    }
    order = await client.getOrder(ready).catch((error) => Promise.reject(refused ?? error));
    const isUnderWay = order.status === 'processing' || order.status === 'valid';
    mayBeIssued(isUnderWay || (refused === undefined && order.status !== 'invalid'));
    if (order.status === 'valid') return order;
    refuseInvalid(order);
    if (!isUnderWay && refused !== undefined && !isNotReady(refused)) throw refused;
    await wait(everyMs);
  }
  throw refused ?? notWithinTime(order, 'valid');
}

const asError = (error: Error): Error => error;
const isNotReady = (error: Error): boolean => error instanceof Refusal && error.kind === 'orderNotReady';

export async function untilStatus(client: Client, order: Order, wanted: Order['status'], wait: Wait): Promise<Order> {
  let now = order;
  for (let asks = 0; asks < mostAsks; asks++) {
    now = await client.getOrder(order);
    if (now.status === wanted) return now;
    refuseInvalid(now);
    await wait(everyMs);
  }
  throw notWithinTime(now, wanted);
}

function refuseInvalid({ status, error }: Order): void {
  if (status === 'invalid') throw refusal('Waiting for the order', (error ?? {}) as Problem);
}

const notWithinTime = ({ status }: Order, wanted: Order['status']): Error =>
  new Error(`the CA's order was still ${status}, not ${wanted}, after three minutes; the next run tries again`);

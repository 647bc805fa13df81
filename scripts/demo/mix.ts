import type { Plan } from './visit';

/** Of 20 requests 15 reuse a connection and 5 open one, 6 are POSTs, and 2 wait for a slow answer. */
const mix = [
  ['kept GET', 'fresh GET', 'kept POST', 'kept GET', 'slow GET'],
  ['kept GET', 'fresh GET', 'kept POST', 'kept GET', 'kept GET'],
  ['kept GET', 'fresh GET', 'kept POST', 'kept GET', 'fresh POST'],
  ['kept GET', 'fresh GET', 'kept POST', 'kept GET', 'slow POST'],
].flat();

/**
 * The n-th request of a run. The waits of slow ones differ, so that some are always inside a task that stops.
 *
 * @param halfSecure every other 20 go by HTTPS, so that each kind does
 */
export function plan(n: number, halfSecure = false): Plan {
  const [kind, method] = (mix[n % mix.length] ?? '').split(' ') as [Plan['kind'], Plan['method']];
  const path = kind === 'slow' ? `/slow?ms=${200 + ((n * 37) % 601)}` : '/';
  const secure = halfSecure && Math.floor(n / mix.length) % 2 === 1;
  return { id: `r${n}`, kind, method, path, ...(secure && { secure }) };
}

/** How many requests are due at a steady rate: one is never left out because earlier ones are slow (an open loop). */
export const due = (perSecond: number, elapsedMs: number): number => Math.floor((perSecond * elapsedMs) / 1000);

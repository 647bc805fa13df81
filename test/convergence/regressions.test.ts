import type { Variant } from './definitions';
import type { Happening } from './happenings';
import { live } from './history';

const swift = { start: 500, warm: 0, grace: 0, report: 200 };
const deploy = (service: number, variant: Variant, desired: number, atOnce = false): Happening => {
  return { deploy: service, variant, desired, atOnce };
};
const old = (describe: number): Happening => ({ stale: [0, describe, 0] });
const late = { pace: { ...swift, report: 3_000 } };
const slow = { pace: { ...swift, start: 3_000 } };
const quiet = { pace: swift, events: [[0]], nudges: [{ delays: [2] }] };

/** Shrunk histories that once broke a law. */
const found: readonly (readonly [string, readonly Happening[], Partial<typeof quiet>])[] = [
  [
    'keeps the second task, which an older answer calls starting, when the first crashes',
    [old(12), { crash: 0 }],
    slow,
  ],
  ['keeps old tasks that an older answer calls starting', [deploy(0, 'plain', 2), old(16)], { events: [[0], []] }],
  [
    'lets no new claim win over a route that was published in the same second',
    [deploy(5, 'plain', 1), { stale: [0, 16, 17] }, { wait: 1 }, { stale: [17, 0, 0] }, deploy(0, 'conflicting', 1)],
    {},
  ],
  ['gives a port to its newest task, though no route leads there', [{ crash: 0 }, deploy(4, 'removed', 2)], late],
  [
    'remembers a stop order when the labels, and with them the backend, are gone',
    [deploy(0, 'removed', 1, true), { wait: 1 }, { scale: 0, desired: 0 }, { stale: [1, 1, 0] }],
    { nudges: [] },
  ],
  [
    'gives no servers to a backend that only remembers stop orders, though its service is quarantined',
    [{ stale: [0, 0, 16] }, { stop: 5 }, deploy(0, 'conflicting', 1), { wait: 1 }],
    { events: [[0, 86_000]] },
  ],
];

it.each(found)('%s', async (_, happenings, given) => {
  const world = await live({ ...quiet, ...given, happenings });
  expect(world.cluster.pending).toBe(0);
});

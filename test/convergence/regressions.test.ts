import type { Variant } from './definitions';
import type { Happening } from './happenings';
import { live } from './history';

const swift = { start: 500, warm: 0, grace: 0, report: 200 };
const deploy = (service: number, variant: Variant, desired: number, atOnce = false): Happening => ({
  deploy: service,
  ...{ variant, desired, atOnce },
});
const quiet = { pace: swift, events: [[0]], nudges: [{ delays: [2] }] };

/** Shrunk histories that once broke a law. */
const found: readonly (readonly [string, readonly Happening[], Partial<typeof quiet>])[] = [
  [
    'keeps the second task when the first crashes and an older answer says that the second only starts',
    [{ stale: [0, 12, 0] }, { crash: 0 }],
    { pace: { ...swift, start: 3_000 } },
  ],
  [
    'keeps the old tasks of a deploy when an older answer says that they only start',
    [deploy(0, 'plain', 2), { stale: [0, 16, 0] }],
    { events: [[0], []] },
  ],
  [
    'lets no new claim win over a route that was published in the same second',
    [deploy(5, 'plain', 1), { stale: [0, 16, 17] }, { wait: 1 }, { stale: [17, 0, 0] }, deploy(0, 'conflicting', 1)],
    {},
  ],
  [
    'gives a port to its newest task, though no route leads to that one',
    [{ crash: 0 }, deploy(4, 'removed', 2)],
    { pace: { ...swift, report: 3_000 } },
  ],
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

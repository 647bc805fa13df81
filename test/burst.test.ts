import type { Task } from '../lib/fleet/task';
import { parseBackend } from '../lib/haproxy/backend';
import { type Deps, type Message, reconcile } from '../lib/reconcile';
import { fleet, task, taskEvent } from './builders';

/**
 * A deploy of 100 tasks in three seconds: 100 new ones run, 100 old ones are told to stop, and ECS says each step of it, some
 * twice: 1,000 events. Time is a number here; what a look at ECS takes is the only assumption.
 */
const lookMs = 900;
const batchMs = 10;

type Step = { readonly at: number; readonly task: Task; readonly body: string };

const steps = (): readonly Step[] => {
  const all: Step[] = [];
  const say = (at: number, of: Task, detail: object) => {
    const body = taskEvent(of.id, { ...detail, version: of.version }, new Date(at));
    all.push({ at, task: of, body }, { at: at + 40, task: of, body });
  };
  for (let index = 0; index < 100; index++) {
    const at = index * 30;
    say(at, task(`new-${index}`, { version: 3, hostPort: 40_000 + index }), {});
    for (const [version, lastStatus] of [
      [4, 'RUNNING'],
      [5, 'STOPPING'],
      [6, 'DEPROVISIONING'],
      [7, 'STOPPED'],
    ] as const) {
      const stopping = task(`old-${index}`, { version, state: 'stopping', hostPort: 30_000 + index });
      say(at + 200 * (version - 3), stopping, { desiredStatus: 'STOPPED', lastStatus });
    }
  }
  return all.sort((a, b) => a.at - b.at);
};

it('1,000 events in a few seconds are answered with at most 5 looks at ECS', async () => {
  const old = Array.from({ length: 100 }, (_, index) => task(`old-${index}`, { hostPort: 30_000 + index }));
  const history = steps();
  const world = { now: -10_000, looks: 0, published: [] as readonly string[] };
  const at = (now: number) => {
    const tasks = new Map(old.map((each) => [each.id, each]));
    for (const step of history) if (step.at <= now) tasks.set(step.task.id, step.task);
    return fleet([...tasks.values()]);
  };
  const deps = inMemory(world, at);
  const reflected = { tasks: new Map() };
  await reconcile([{ body: '{"source":"sluice.tick"}', receives: 1 }], deps, reflected);
  [world.now, world.looks] = [0, 0];

  const queue = [...history];
  while (queue.length > 0) {
    world.now = Math.max(world.now + batchMs, queue[0]?.at ?? 0);
    const arrived = queue.findIndex((step) => step.at > world.now);
    const taken = queue.splice(0, Math.min(10, arrived < 0 ? 10 : arrived));
    const batch: Message[] = taken.map(({ body }) => ({ body, receives: 1 }));
    await reconcile(batch, deps, reflected);
  }

  expect(history).toHaveLength(1_000);
  expect(world.looks).toBeLessThanOrEqual(5);
  expect(world.published).toStrictEqual(Array.from({ length: 100 }, (_, index) => `new-${index}`).sort());
});

/** Parameter Store and ECS that remember; a look takes its time. */
function inMemory(
  world: { now: number; looks: number; published: readonly string[] },
  at: (now: number) => ReturnType<typeof fleet>,
): Deps {
  let state: Awaited<ReturnType<Deps['readPublished']>> = { number: 0, backends: [], certificates: [], faults: [] };
  return {
    readPublished: async () => state,
    readTasks: async () => {
      world.looks += 1;
      const seen = at(world.now);
      world.now += lookMs;
      return seen;
    },
    readSurroundings: async () => fleet([]),
    readWitness: async () => new Map([['demo/shop', 100]]),
    publish: async (_, files) => {
      const backends = files.filter(({ name }) => name.startsWith('50-')).map(({ text }) => parseBackend(text));
      state = { ...state, number: state.number + 1, backends };
      world.published = backends.flatMap(({ servers }) => servers.map(({ name }) => name)).sort();
      return state.number;
    },
    nudge: async () => undefined,
    probe: async () => undefined,
    now: () => world.now,
  };
}

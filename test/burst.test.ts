import type { Reflected } from '../lib/fleet/evidence';
import type { Task } from '../lib/fleet/task';
import { reconcile } from '../lib/reconcile';
import { fleet, task, taskEvent } from './builders';
import { inMemory } from './memory';

/**
 * A deploy of 100 tasks in three seconds: 100 new ones run, 100 old ones get a stop order, and ECS sends an event for each step, some
 * twice: 1,000 events. Time is a number here; the time that a read of ECS takes is the only assumption.
 */
const readMs = 900;
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
    for (const [after, lastStatus] of ['RUNNING', 'STOPPING', 'DEPROVISIONING', 'STOPPED'].entries()) {
      const stopping = { version: 4 + after, state: 'stopping', hostPort: 30_000 + index } as const;
      say(at + 200 * (1 + after), task(`old-${index}`, stopping), { desiredStatus: 'STOPPED', lastStatus });
    }
  }
  return all.sort((a, b) => a.at - b.at);
};

it('1,000 events in a few seconds are answered with at most 5 looks at ECS', async () => {
  const old = Array.from({ length: 100 }, (_, index) => task(`old-${index}`, { hostPort: 30_000 + index }));
  const history = steps();
  const world = inMemory(fleet(old), new Map([['demo/shop', 100]]));
  const readTasks = async () => {
    world.described.push(world.now);
    const tasks = new Map(old.map((each) => [each.id, each]));
    for (const step of history) if (step.at <= world.now) tasks.set(step.task.id, step.task);
    world.now += readMs;
    return fleet([...tasks.values()]);
  };
  const run = (bodies: readonly string[], reflected: Reflected) =>
    reconcile(
      bodies.map((body) => ({ body, receives: 1 })),
      { ...world.deps, readTasks },
      reflected,
    );
  const reflected: Reflected = { tasks: new Map() };
  world.now = -10_000;
  await run(['{"source":"sluice.tick"}'], reflected);
  world.now = 0;

  const queue = [...history];
  while (queue.length > 0) {
    world.now = Math.max(world.now + batchMs, queue[0]?.at ?? 0);
    const arrived = queue.findIndex((step) => step.at > world.now);
    const taken = queue.splice(0, Math.min(10, arrived < 0 ? 10 : arrived));
    await run(
      taken.map(({ body }) => body),
      reflected,
    );
  }

  expect(history).toHaveLength(1_000);
  expect(world.described.length - 1).toBeLessThanOrEqual(5);
  const all = Array.from({ length: 100 }, (_, index) => `new-${index}`);
  expect(world.servers()['demo.shop']?.sort()).toStrictEqual(all.sort());
});

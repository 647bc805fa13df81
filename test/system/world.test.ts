import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { listens } from '../../scripts/local/api/loopback';
import { startWorld, type World } from '../../scripts/local/world';

jest.setTimeout(30_000);

let world: World;
beforeAll(async () => {
  world = await startWorld({ delays: { commandMs: 200, eventMs: 20, taskStartMs: 100, healthMs: 200 } });
});
afterAll(() => world.stop());

const hello = (version: number) =>
  world.ecs.registerTaskDefinition({
    family: 'hello',
    containers: [
      {
        name: 'app',
        command: ['node', 'resources/hello-world/hello.mjs'],
        containerPort: 8080,
        labels: { 'haproxy.host': '*' },
        healthCheck: true,
        environment: { VERSION: `${version}` },
      },
    ],
  });

const ask = async () => {
  const { host, port } = world.proxy.http;
  const answer = await fetch(`http://${host}:${port}/`, {
    headers: { accept: 'application/json', connection: 'close' },
  });
  return { status: answer.status, task: answer.headers.get('x-task') };
};

/** Asks until the answer is as wanted. */
async function until(wanted: (answer: Awaited<ReturnType<typeof ask>>) => boolean): Promise<void> {
  while (!wanted(await ask())) await sleep(50);
}

it('boots a proxy that answers before any function ran', async () => {
  expect((await ask()).status).toBe(404);
  expect(world.reconciles()).toStrictEqual([]);
});

it('brings a task that starts to the proxy, and one that dies away from it', async () => {
  world.ecs.createService({ name: 'hello', taskDefinition: hello(1), desiredCount: 1 });
  await until(({ status }) => status === 200);

  const [first] = world.ecs.tasks('hello');
  expect(await ask()).toStrictEqual({ status: 200, task: first?.id });

  world.ecs.killTask(first?.id ?? '');
  await until(({ status, task }) => status === 200 && task !== first?.id);
});

it('changes members without a reload, and calls only what a policy names', async () => {
  const before = [await world.proxy.pid(), await world.proxy.reloads()];
  world.ecs.updateService('hello', { desiredCount: 3 });
  await world.ecs.steady('hello');
  const ids = world.ecs.tasks('hello').filter(({ lastStatus }) => lastStatus === 'RUNNING');
  const seen = new Set<string | null>();
  await until(({ task }) => seen.add(task).size === ids.length);

  expect([await world.proxy.pid(), await world.proxy.reloads()]).toStrictEqual(before);
  expect(world.denied()).toStrictEqual([]);
});

it('serves on without its control plane, through a reboot too, and catches up afterwards', async () => {
  world.controlPlane(false, 'lost');
  await world.proxy.reboot();
  await until(({ status }) => status === 200);
  world.ecs.updateService('hello', { desiredCount: 4 });
  await world.ecs.steady('hello');

  world.controlPlane(true);
  world.tick();
  const newest = world.ecs
    .tasks('hello')
    .find(({ startedAt }, _, all) => all.every((task) => (startedAt ?? 0) >= (task.startedAt ?? 0)));
  await until(({ task }) => task === newest?.id);
});

it('leaves nothing behind', async () => {
  const { home, http } = world.proxy;
  await world.stop();

  expect(existsSync(dirname(home))).toBe(false);
  expect(await listens(http, 100)).toBe(false);
});

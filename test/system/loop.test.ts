import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { type Queue, sendMessage } from '../../scripts/local/events/sqs';
import { startWorld, type World } from '../../scripts/local/world';

jest.setTimeout(60_000);

let world: World;
const hello = [process.execPath, join(__dirname, '../../resources/hello-world/hello.mjs')];
const quick = {
  eventMs: 20,
  queueMs: 5,
  commandMs: 50,
  taskStartMs: 50,
  taskStoppedMs: 100,
  schedulerMs: 50,
  healthMs: 200,
};

beforeAll(async () => {
  world = await startWorld({ delays: quick, tickSeconds: 3_600 });
  serve('shop', { 'haproxy.host': 'shop.example', 'haproxy.check': '/health' }, 2);
  serve('worker', {}, 1);
  await until(async () => (await answer('shop.example')) === 200);
}, 90_000);
afterAll(() => world?.stop());

/** Registers a revision and runs so many tasks of it. */
function serve(name: string, labels: Record<string, string>, desiredCount: number): void {
  const containers = [{ name: 'web', command: hello, containerPort: 8080, labels, healthCheck: true }];
  const taskDefinition = world.ecs.registerTaskDefinition({ family: name, containers });
  if (world.ecs.tasks(name).length === 0) world.ecs.createService({ name, taskDefinition, desiredCount });
  else world.ecs.updateService(name, { taskDefinition, desiredCount });
}

/** The status that a browser gets, or the error's code. */
const answer = (host: string): Promise<number | string> =>
  new Promise((resolve) => {
    const { http } = world.proxy;
    request({ ...http, agent: false, headers: { host } }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    })
      .on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      .end();
  });

const statistics = (): Promise<string> =>
  new Promise((resolve, reject) => {
    request({ ...world.proxy.statistics, path: '/;csv', agent: false }, (response) => {
      let body = '';
      response.on('data', (text) => (body += text)).on('end', () => resolve(body));
    })
      .on('error', reject)
      .end();
  });

/** Ids of the tasks that HAProxy sends requests to. */
const up = async (service: string): Promise<readonly string[]> =>
  (await statistics())
    .split('\n')
    .map((line) => line.split(','))
    .filter(
      ([backend, server, ...rest]) =>
        backend === `sluice-dev.${service}` && server !== 'BACKEND' && rest.includes('UP'),
    )
    .map(([, server = '']) => server)
    .sort();

const running = (service: string) =>
  world.ecs
    .tasks(service)
    .filter(({ desiredStatus, lastStatus }) => desiredStatus === 'RUNNING' && lastStatus === 'RUNNING')
    .map(({ id }) => id)
    .sort();

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 40_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited 40 seconds in vain: ${holds}`);
    await pause(50);
  }
}

/** HAProxy serves just the tasks that ECS runs, so many. */
const agrees = (service: string, count: number) =>
  until(
    async () =>
      running(service).length === count && JSON.stringify(await up(service)) === JSON.stringify(running(service)),
  );

const faults = () =>
  world.reconciles().flatMap(({ result }) => (result as { faults?: string[] } | undefined)?.faults ?? []);

it('a change in ECS reaches HAProxy without a reload', async () => {
  await agrees('shop', 2);
  const before = [await world.proxy.pid(), await world.proxy.reloads()];

  world.ecs.updateService('shop', { desiredCount: 4 });
  await agrees('shop', 4);
  world.ecs.updateService('shop', { desiredCount: 2 });
  await agrees('shop', 2);

  expect([await world.proxy.pid(), await world.proxy.reloads()]).toStrictEqual(before);
});

it('a worker without labels is never routed', async () => {
  expect(running('worker')).toHaveLength(1);
  expect(await statistics()).not.toContain('worker');
});

it('law 10: a failing run delays a change, and what is behind it, by seconds', async () => {
  const failed = () => world.reconciles().filter(({ outcome }) => outcome === 'failed').length;
  const before = failed();
  world.aws.api.faults.next('ecs:ListTasks', 'throttled', 4);

  const began = Date.now();
  world.ecs.updateService('shop', { desiredCount: 3 });
  await agrees('shop', 3);

  expect(failed()).toBeGreaterThan(before);
  expect(Date.now() - began).toBeLessThan(30_000);
});

it('law 2: a lost event is repaired by the tick', async () => {
  world.controlPlane(false, 'lost');
  world.ecs.updateService('shop', { desiredCount: 2 });
  await until(async () => running('shop').length === 2);
  world.controlPlane(true);

  world.tick();

  await agrees('shop', 2);
});

it('a message that is not what it says is named, and nothing is lost', async () => {
  const event = { source: 'aws.ecs', 'detail-type': 'ECS Task State Change', resources: [], detail: 'nonsense' };
  const [queue] = world.aws.queues;
  const message = { MessageBody: JSON.stringify(event), MessageGroupId: 'reconcile' };
  sendMessage(queue as Queue, message, Date.now());

  await until(async () => faults().some((fault) => fault.includes('ignored a message that is not what it says')));

  await agrees('shop', 2);
});

it('law 7: a faulty label of one service hurts no other', async () => {
  serve('broken', { 'haproxy.hots': 'broken.example' }, 1);
  await until(async () => faults().some((fault) => fault.includes('did you mean haproxy.host?')));

  expect(await answer('broken.example')).toBe(404);
  expect(await answer('shop.example')).toBe(200);
  serve('broken', { 'haproxy.host': 'broken.example' }, 1);
  await until(async () => (await answer('broken.example')) === 200);
});

it('memory is disposable: a cold function comes to the same result', async () => {
  for (const each of world.aws.functions) each.wipe();
  const before = [world.reconciles().length, await world.proxy.reloads()] as const;

  world.tick();
  await until(async () => world.reconciles().length > before[0]);

  expect(world.reconciles().at(-1)).toMatchObject({ cold: true, result: { action: 'keep' } });
  expect(await world.proxy.reloads()).toBe(before[1]);
});

it('law 11: without its control plane the proxy serves on, through a reboot too', async () => {
  world.controlPlane(false);
  expect(await answer('shop.example')).toBe(200);

  await world.proxy.reboot();
  // Each service comes back with its own first checks.
  for (const host of ['shop.example', 'broken.example']) await until(async () => (await answer(host)) === 200);

  world.controlPlane(true);
  await agrees('shop', 2);
});

it('a service that really has no task gets 503, alone', async () => {
  world.ecs.updateService('shop', { desiredCount: 0 });
  await until(async () => (await answer('shop.example')) === 503);

  expect(await answer('broken.example')).toBe(200);
});

it('law 14: no call was denied by the packaged policies', () => {
  expect(world.denied()).toStrictEqual([]);
});

it('law 12: nothing that was said holds a key', () => {
  const said = JSON.stringify([world.reconciles(), world.aws.api.calls, world.proxy.log()]);

  expect(said).not.toMatch(/PRIVATE KEY/);
});

import { execFileSync } from 'node:child_process';

import { type Queue, sendMessage } from '../../scripts/local/events/sqs';
import { ask, running, serving, statusAt, until, world, worldForAll } from './shop';

worldForAll({ delays: { taskStoppedMs: 100, healthMs: 200 } }, async () => {
  serve('shop', { 'haproxy.host': 'shop.example', 'haproxy.check': '/health' }, 2);
  serve('worker', {}, 1);
  await until(async () => (await answer('shop.example')) === 200);
});

/** Registers a revision and runs so many tasks of it. */
function serve(name: string, labels: Record<string, string>, desiredCount: number): void {
  const containers = [serving('', { labels, healthCheck: true })];
  const taskDefinition = world.ecs.registerTaskDefinition({ family: name, containers });
  if (world.ecs.tasks(name).length === 0) world.ecs.createService({ name, taskDefinition, desiredCount });
  else world.ecs.updateService(name, { taskDefinition, desiredCount });
}

/** The status that a browser gets, or the error's code. */
const answer = (host: string) => statusAt(world.proxy.http, host);

const statistics = async () => (await ask({ ...world.proxy.statistics, path: '/;csv' })).body;

/** Ids of the tasks that HAProxy sends requests to. */
const up = async (service: string): Promise<readonly string[]> =>
  [...(await statistics()).matchAll(new RegExp(`^sluice-dev\\.${service},(?!BACKEND)([^,]+),.*,UP,`, 'gm'))]
    .map(([, id = '']) => id)
    .sort();

const idsOf = (service: string) =>
  running(service)
    .map(({ id }) => id)
    .sort();

/** HAProxy serves just the tasks that ECS runs, so many. */
const agrees = (service: string, count: number) =>
  until(async () => running(service).length === count && (await up(service)).join() === idsOf(service).join());

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
  // It has no labels.
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

it('a message that cannot be read is named in the log, and no change is lost', async () => {
  const event = { source: 'aws.ecs', 'detail-type': 'ECS Task State Change', resources: [], detail: 'nonsense' };
  const [queue] = world.aws.queues;
  const message = { MessageBody: JSON.stringify(event), MessageGroupId: 'reconcile' };
  sendMessage(queue as Queue, message, Date.now());

  await until(async () => faults().some((fault) => fault.includes('ignored an unreadable message')));

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

it('a cold function comes to the same result without its memory', async () => {
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

it('a service without tasks gets 503, and only that service', async () => {
  world.ecs.updateService('shop', { desiredCount: 0 });
  await until(async () => (await answer('shop.example')) === 503);

  expect(await answer('broken.example')).toBe(200);
});

it('a changed password counts after one tick, and no log, command or published text holds its hash', async () => {
  const keep = (password: string) => {
    const hash = execFileSync('openssl', ['passwd', '-6', password]).toString().trim();
    const secret = { Name: '/sluice/dev/auth/sluice-dev.staging/staff', Type: 'SecureString', Overwrite: true };
    world.aws.parameters.put({ ...secret, Value: `ann:${hash}` });
    return hash;
  };
  const enters = (auth: string) => statusAt(world.proxy.http, 'staging.example', { auth });
  const hashes = [keep('one')];
  serve('staging', { 'haproxy.host': 'staging.example', 'haproxy.auth': 'staff' }, 1);
  await until(async () => (await enters('ann:one')) === 200);
  expect(await answer('staging.example')).toBe(401);

  hashes.push(keep('two'));
  world.tick();
  await until(async () => (await enters('ann:two')) === 200);

  expect(await enters('ann:one')).toBe(401);
  const { api, commands, invocations } = world.aws;
  const said = JSON.stringify([world.reconciles(), invocations, api.calls, commands.commands, world.proxy.log()]);
  expect(hashes.filter((hash) => said.includes(hash.slice(-40)))).toStrictEqual([]);
});

it('laws 12 and 14: no log holds a key, and the packaged policies denied no call', () => {
  expect(JSON.stringify([world.reconciles(), world.aws.api.calls, world.proxy.log()])).not.toMatch(/PRIVATE KEY/);
  expect(world.denied()).toStrictEqual([]);
});

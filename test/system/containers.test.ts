import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { startWorld, type TaskDefinitionInput, type World } from '../../scripts/local/world';

jest.setTimeout(90_000);

const delays = { eventMs: 20, queueMs: 5, commandMs: 50, taskStartMs: 50, schedulerMs: 50, registerMs: 200 };
const hello = [process.execPath, join(__dirname, '../../resources/hello-world/hello.mjs')];

type Container = TaskDefinitionInput['containers'][number];

/** A container that says its own name. */
const serving = (name: string, containerPort: number, host: string): Container => ({
  name,
  command: hello,
  containerPort,
  labels: { 'haproxy.host': host, 'haproxy.check': '/health' },
  healthCheck: true,
  environment: { VERSION: name },
});
/** Keeps the others serving until their stop order has reached the proxy (docs/adopting.md). */
const drain: Container = {
  name: 'drain',
  command: ['sh', '-c', 'trap "sleep 2; exit 0" TERM; while :; do sleep 0.1; done'],
  dependsOn: ['web', 'admin'],
};

let world: World;
beforeAll(async () => {
  world = await startWorld({ delays, tickSeconds: 3_600 });
});
afterAll(() => world?.stop());

const agent = new Agent({ keepAlive: true });

/** Which container answered, or what went wrong. */
const visit = (host: string): Promise<string> =>
  new Promise((resolve) => {
    const headers = { host, accept: 'application/json' };
    const asked = request({ ...world.proxy.http, agent, headers, timeout: 5_000 }, (answer) => {
      let body = '';
      answer.on('data', (text) => (body += text));
      answer.on('end', () => resolve(answer.statusCode === 200 ? JSON.parse(body).version : `${answer.statusCode}`));
    });
    asked.on('timeout', () => asked.destroy(new Error('timeout')));
    asked.on('error', (error) => resolve(error.message)).end();
  });

/** Deploys these containers, in this order, and waits until nothing else runs. */
async function deploy(...containers: readonly Container[]): Promise<void> {
  const taskDefinition = world.ecs.registerTaskDefinition({ family: 'shop', containers: [...containers, drain] });
  if (world.ecs.tasks('shop').length === 0) world.ecs.createService({ name: 'shop', taskDefinition, desiredCount: 2 });
  else world.ecs.updateService('shop', { taskDefinition, desiredCount: 2 });
  await world.ecs.steady('shop');
}

/** What each host's requests were answered by, while something is done. */
async function answersDuring(meanwhile: () => Promise<void>): Promise<Record<string, readonly string[]>> {
  const all = { 'a.example': [] as Promise<string>[], 'b.example': [] as Promise<string>[] };
  let over = false;
  const load = (async () => {
    for (; !over; await pause(20)) for (const host of ['a.example', 'b.example'] as const) all[host].push(visit(host));
  })();
  await meanwhile();
  await pause(500);
  over = true;
  await load;
  const [a, b] = await Promise.all([Promise.all(all['a.example']), Promise.all(all['b.example'])]);
  return { 'a.example': [...new Set(a)].sort(), 'b.example': [...new Set(b)].sort() };
}

it('two labelled containers of a task are deployed in one order and in the other: each host reaches its own, and none fails', async () => {
  const [web, admin] = [serving('web', 80, 'a.example'), serving('admin', 8080, 'b.example')];
  await deploy(web, admin);
  while ((await visit('a.example')) !== 'web' || (await visit('b.example')) !== 'admin') await pause(50);
  const reloads = await world.proxy.reloads();

  const answers = await answersDuring(async () => {
    await deploy(admin, web);
    await deploy(web, admin);
  });

  expect(answers).toStrictEqual({ 'a.example': ['web'], 'b.example': ['admin'] });
  expect(await world.proxy.reloads()).toBe(reloads);
  expect(world.reconciles().flatMap(({ result }) => (result as { faults: string[] }).faults)).toStrictEqual([]);
});

it('the hosts change places between the containers: none fails, and each task serves both as its own labels say', async () => {
  const reloads = await world.proxy.reloads();

  const answers = await answersDuring(() =>
    deploy(serving('web', 80, 'b.example'), serving('admin', 8080, 'a.example')),
  );

  expect(answers).toStrictEqual({ 'a.example': ['admin', 'web'], 'b.example': ['admin', 'web'] });
  expect([await visit('a.example'), await visit('b.example')]).toStrictEqual(['admin', 'web']);
  expect(await world.proxy.reloads()).toBe(reloads);
});

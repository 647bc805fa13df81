import { Agent } from 'node:http';

import type { TaskDefinitionInput } from '../../scripts/local/world';
import { answersDuring, ask, serving, until, world, worldForAll } from './shop';

type Container = TaskDefinitionInput['containers'][number];
type Host = 'a.example' | 'b.example';

/** A container that says its own name. */
const named = (name: string, containerPort: number, host: Host): Container =>
  serving(host, { name, containerPort, healthCheck: true, environment: { VERSION: name } });
/** Keeps the others serving until their stop order has reached the proxy (docs/adopting.md). */
const drain: Container = {
  name: 'drain',
  command: ['sh', '-c', 'trap "sleep 3; exit 0" TERM; while :; do sleep 0.1; done'],
  dependsOn: ['web', 'admin'],
};

worldForAll();

const agent = new Agent({ keepAlive: true });

/** Which container answered, or what went wrong. */
async function visit(host: Host): Promise<string> {
  const { status, body } = await ask({ ...world.proxy.http, agent, headers: { host, accept: 'application/json' } });
  return status === 200 ? JSON.parse(body).version : `${status}`;
}

/** Deploys these containers, in this order, and waits until nothing else runs. */
async function deploy(...containers: readonly Container[]): Promise<void> {
  const taskDefinition = world.ecs.registerTaskDefinition({ family: 'shop', containers: [...containers, drain] });
  if (world.ecs.tasks('shop').length === 0) world.ecs.createService({ name: 'shop', taskDefinition, desiredCount: 2 });
  else world.ecs.updateService('shop', { taskDefinition, desiredCount: 2 });
  await world.ecs.steady('shop');
}

/** What the requests of each host were answered by, while something is done. */
async function answeredBy(meanwhile: () => Promise<void>) {
  const both = async () => [await visit('a.example'), await visit('b.example')] as const;
  const all = await answersDuring(both, 20, meanwhile);
  return [0, 1].map((host) => [...new Set(all.map((answers) => answers[host]))].sort());
}

it('two labelled containers of a task are deployed in one order and in the other: each host reaches its own, and none fails', async () => {
  const [web, admin] = [named('web', 80, 'a.example'), named('admin', 8080, 'b.example')];
  await deploy(web, admin);
  await until(async () => (await visit('a.example')) === 'web' && (await visit('b.example')) === 'admin');
  const reloads = await world.proxy.reloads();

  const answers = await answeredBy(async () => {
    await deploy(admin, web);
    await deploy(web, admin);
  });

  expect(answers).toStrictEqual([['web'], ['admin']]);
  expect(await world.proxy.reloads()).toBe(reloads);
  expect(world.reconciles().flatMap(({ result }) => (result as { faults: string[] }).faults)).toStrictEqual([]);
});

it('the hosts change places between the containers: none fails, and each task serves both as its own labels say', async () => {
  const reloads = await world.proxy.reloads();

  const answers = await answeredBy(() => deploy(named('web', 80, 'b.example'), named('admin', 8080, 'a.example')));

  expect(answers).toStrictEqual([
    ['admin', 'web'],
    ['admin', 'web'],
  ]);
  expect([await visit('a.example'), await visit('b.example')]).toStrictEqual(['admin', 'web']);
  expect(await world.proxy.reloads()).toBe(reloads);
});

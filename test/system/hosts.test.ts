import type { TaskDefinitionInput } from '../../scripts/local/world';
import { ask, running, serving, until, world, worldForAll } from './shop';

worldForAll({ delays: { taskStoppedMs: 100, healthMs: 200, hostLostMs: 300, spotDrainMs: 5_000 } });

/** Serves on after the stop order, as the example's pre-stop container has it. */
const sidecar = {
  name: 'pre-stop',
  command: ['sh', '-c', "trap 'sleep 2; exit 0' TERM; while :; do sleep 0.05; done"],
  dependsOn: ['web'],
};

function serve(name: string, desiredCount: number, definition: Partial<TaskDefinitionInput> = {}, port = 8080): void {
  const containers = [serving(`${name}.example`, { containerPort: port, healthCheck: true }), sidecar];
  const taskDefinition = world.ecs.registerTaskDefinition({ family: name, containers, ...definition });
  world.ecs.createService({ name, taskDefinition, desiredCount });
}

const answer = (service: string) => ask({ ...world.proxy.http, headers: { host: `${service}.example` } });

/** The tasks that answer so many requests. */
async function tasksBehind(service: string, requests: number): Promise<Set<unknown>> {
  const answers = await Promise.all(Array.from({ length: requests }, () => answer(service)));
  expect(answers.map(({ status }) => status)).toStrictEqual(Array(requests).fill(200));
  return new Set(answers.map(({ headers }) => headers['x-task']));
}

const served = (service: string) => until(async () => (await answer(service)).status === 200);

it.each<[string, Partial<TaskDefinitionInput>, number]>([
  ['host', { networkMode: 'host' }, 18_181],
  ['awsvpc', { networkMode: 'awsvpc' }, 18_182],
  ['fargate', { networkMode: 'awsvpc', launchType: 'FARGATE' }, 18_183],
])('a task in %s mode is reached', async (name, definition, port) => {
  serve(name, 1, definition, port);

  await served(name);
});

it('a task on an instance that ECS manages is reached, though EC2 hides that instance by default', async () => {
  const [first, second] = world.ecs.hosts();
  for (const host of [first, second]) world.ecs.setHostStatus(host?.ec2Id ?? '', 'DRAINING');
  const managed = world.ecs.addHost(true);
  serve('managed', 1);

  await served('managed');

  expect(running('managed').map(({ host }) => host)).toStrictEqual([managed]);
  for (const host of [first, second]) world.ecs.setHostStatus(host?.ec2Id ?? '', 'ACTIVE');
  world.ecs.updateService('managed', { desiredCount: 0 });
  world.ecs.loseHost(managed);
});

it('law 6: a port belongs to its newest task, though no event said that the old one ended', async () => {
  world.ecs.reusePorts(true);
  serve('old', 1);
  await served('old');
  const [before] = running('old');
  world.controlPlane(false, 'lost');
  world.ecs.updateService('old', { desiredCount: 0 });
  await until(() => world.ecs.tasks('old').every(({ lastStatus }) => lastStatus === 'STOPPED'));
  world.controlPlane(true);
  for (const { ec2Id } of world.ecs.hosts()) if (ec2Id !== before?.host) world.ecs.setHostStatus(ec2Id, 'DRAINING');
  serve('new', 1);
  await served('new');

  expect(running('new')[0]).toMatchObject({ port: before?.port, address: before?.address });
  expect((await answer('old')).status).toBe(503);
  for (const { ec2Id } of world.ecs.hosts()) world.ecs.setHostStatus(ec2Id, 'ACTIVE');
});

it('a Spot warning sends requests to the other task host before ECS stops a task, and the end of the host loses none', async () => {
  serve('shop', 4);
  await served('shop');
  await until(async () => (await tasksBehind('shop', 20)).size === 4);
  const [spot] = world.ecs.hosts();
  const there = running('shop').flatMap(({ id, host }) => (host === spot?.ec2Id ? [id] : []));
  world.ecs.warnHost(spot?.ec2Id ?? '');
  await until(async () => [...(await tasksBehind('shop', 20))].every((id) => !there.includes(String(id))));
  expect(running('shop').map(({ id }) => id)).toStrictEqual(expect.arrayContaining(there));

  world.ecs.loseHost(spot?.ec2Id ?? '');
  await until(() => running('shop').filter(({ host }) => host !== spot?.ec2Id).length === 4);
  await tasksBehind('shop', 50);
});

it('law 14: no call was denied by the packaged policies', () => {
  expect(world.denied()).toStrictEqual([]);
});

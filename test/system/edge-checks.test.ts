import { createServer, request } from 'node:http';

import type { Backend } from '../../lib/haproxy/backend';
import { listen } from './edge';
import { type Instance, pause, startInstance, until } from './haproxy-instance';
import { backend, keepAlive } from './haproxy-tasks';

jest.setTimeout(60_000);

let instance: Instance;
const closers: (() => void)[] = [];

beforeEach(async () => {
  instance = await startInstance();
});
afterEach(async () => {
  for (const close of closers.splice(0)) close();
  await instance.stop();
});

const faults = ['hangs', 'bad', 'closes'] as const;
type Check = 'well' | (typeof faults)[number];
type Task = Awaited<ReturnType<typeof startTask>>;

/** A task that serves every request, whatever it does with its checks. */
async function startTask(name: string, check: Check = 'well') {
  const state = { check, requests: 0, checks: 0 };
  const server = createServer((incoming, response) => {
    const isCheck = incoming.headers['user-agent'] === 'sluice';
    state[isCheck ? 'checks' : 'requests']++;
    if (!isCheck || state.check === 'well') incoming.resume().on('end', () => response.end(name));
    else if (state.check === 'bad') response.writeHead(503).end();
    else if (state.check === 'closes') incoming.socket.destroy();
  });
  const listening = await listen(name, server);
  closers.push(listening.stop);
  return { ...listening, state };
}

/** A service of its own path, named as it. */
const service = (name: string, tasks: readonly Task[], more: Partial<Backend> = {}): Backend =>
  backend(
    tasks.map(({ server }) => server),
    { name: `demo.${name}`, service: name, routes: [{ host: '*', path: `/${name}`, since: 1 }], check: '/', ...more },
  );

const isUp = async (name: string, task: Task) => (await instance.status(`demo.${name}`, task.name)) === 'UP';
const isDown = async (name: string, task: Task) => /^DOWN/.test(`${await instance.status(`demo.${name}`, task.name)}`);
const allUp = (name: string, tasks: readonly Task[]) =>
  until(async () => (await Promise.all(tasks.map((task) => isUp(name, task)))).every(Boolean));

const failedChecks = async ({ name }: Task): Promise<number> => {
  const lines = (await instance.worker('show stat')).split('\n');
  const column = lines[0]?.split(',').indexOf('chkfail') ?? -1;
  return Number(lines.find((line) => line.startsWith(`demo.web,${name},`))?.split(',')[column]);
};

/** Asks a service by GET and by POST, in turn, until told to stop. Gives what was not served. */
function startLoad(name: string) {
  const failed: Record<string, number> = {};
  let on = true;
  closers.push(() => {
    on = false;
  });
  const ended = Array.from({ length: 2 }, async () => {
    const agent = keepAlive();
    for (let n = 0; on; n++) {
      const answer = await send(n % 2 ? 'POST' : 'GET', `/${name}`, agent);
      if (!answer.endsWith(' 200')) failed[answer] = (failed[answer] ?? 0) + 1;
      await pause(5);
    }
    agent.destroy();
  });
  return async () => {
    on = false;
    await Promise.all(ended);
    return failed;
  };
}

const send = (method: string, path: string, agent: ReturnType<typeof keepAlive>) =>
  new Promise<string>((resolve) => {
    const sent = request({ host: instance.host, port: 10080, path, method, agent }, (response) => {
      response.resume().on('end', () => resolve(`${method} ${response.statusCode}`));
    });
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(`${method} ${error.code}`)).end();
  });

type Served = { readonly fault: Check; readonly old: Task; readonly tasks: Task[]; readonly never: Task };

/** A service for each fault: two tasks, one of which came at run time as another left, and one that was never well. */
async function serving(): Promise<readonly Served[]> {
  const services: Served[] = [];
  for (const fault of faults) {
    const tasks = [await startTask('a'), await startTask('b')];
    services.push({ fault, tasks, old: await startTask('old'), never: await startTask('never', fault) });
  }
  const first = services.map(({ fault, tasks: [a], old, never }) => service(fault, [a as Task, old, never]));
  await instance.sync(instance.publish(first));
  await instance.startHaproxy();
  await Promise.all(services.map(({ fault, tasks: [a], old }) => allUp(fault, [a as Task, old])));

  const then = services.map(({ fault, tasks, never }) => service(fault, [...tasks, never]));
  expect(await instance.sync(instance.publish(then))).toMatchObject({ code: 0, report: { how: 'at run time' } });
  await Promise.all(services.map(({ fault, tasks }) => allUp(fault, tasks)));
  return services;
}

describe('an HTTP check', () => {
  it.each([2_500, 4_500])('that no task passes for %i ms fails no request', async (milliseconds) => {
    const services = await serving();
    const loads = services.map(({ fault }) => startLoad(fault));
    const asked = services.map(({ old }) => old.state.requests);

    for (const { fault, tasks } of services) for (const { state } of tasks) state.check = fault;
    await pause(milliseconds);
    for (const { tasks } of services) for (const { state } of tasks) state.check = 'well';
    await pause(1_500);

    expect(await Promise.all(loads.map((stop) => stop()))).toStrictEqual([{}, {}, {}]);
    // Law 5: who was never well, or was told to stop, gets nothing meanwhile either.
    expect(services.map(({ never }) => never.state.requests)).toStrictEqual([0, 0, 0]);
    expect(services.map(({ old }) => old.state.requests)).toStrictEqual(asked);
    expect(services.every(({ never }) => never.state.checks > 3)).toBe(true);
  });

  it('that one task fails for longer takes it out, and brings it back when it passes', async () => {
    const services = await serving();
    const loads = services.map(({ fault }) => startLoad(fault));
    const sick = services.map(({ tasks: [, b] }) => b as Task);

    for (const [at, { fault }] of services.entries()) (sick[at] as Task).state.check = fault;
    await pause(5_000);
    await Promise.all(services.map(({ fault }, at) => until(() => isDown(fault, sick[at] as Task))));
    const asked = sick.map(({ state }) => state.requests);
    await pause(1_000);
    const after = sick.map(({ state }) => state.requests);
    for (const { state } of sick) state.check = 'well';
    await Promise.all(sick.map((task, at) => until(() => task.state.requests > (after[at] ?? 0) + 5)));

    expect(after).toStrictEqual(asked);
    expect(await Promise.all(loads.map((stop) => stop()))).toStrictEqual([{}, {}, {}]);
  });

  it('is passed before a task that comes with a reload, or stays down over one, gets a request', async () => {
    const [a, down, late] = [await startTask('a'), await startTask('down', 'bad'), await startTask('late', 'hangs')];
    await instance.sync(instance.publish([service('web', [a, down])]));
    await instance.startHaproxy();
    await allUp('web', [a]);
    const stop = startLoad('web');

    const more = { routes: ['*', 'other.example'].map((host) => ({ host, path: '/web', since: 1 })) };
    const outcome = await instance.sync(instance.publish([service('web', [a, down, late], more)]));
    const checked = down.state.checks;
    await until(() => down.state.checks > checked + 3 && late.state.checks > 1);
    const early = [down, late].map(({ state }) => state.requests);
    for (const { state } of [down, late]) state.check = 'well';
    await until(() => down.state.requests > 0 && late.state.requests > 0);

    expect(outcome).toMatchObject({ code: 0, report: { changed: 'structure' } });
    expect(early).toStrictEqual([0, 0]);
    expect(await stop()).toStrictEqual({});
  });
});

describe('a task that refuses connections', () => {
  it('is taken out by the requests, whatever its check, and none of them is lost', async () => {
    const [a, b] = [await startTask('a'), await startTask('b')];
    await instance.sync(instance.publish([service('web', [a, b])]));
    await instance.startHaproxy();
    await allUp('web', [a, b]);
    const stop = startLoad('web');

    b.stop();
    await until(() => isDown('web', b));
    const failures = await failedChecks(b);

    expect(await stop()).toStrictEqual({});
    // Its check alone would have had to fail as often.
    expect(failures).toBeLessThan(3);
  });

  it.each(['tcp', '/'])('is taken out by its check (%s) when nobody asks', async (check) => {
    const [a, b] = [await startTask('a'), await startTask('b')];
    await instance.sync(instance.publish([service('web', [a, b], { check })]));
    await instance.startHaproxy();
    await allUp('web', [a, b]);

    b.stop();

    await until(() => isDown('web', b));
  });
});

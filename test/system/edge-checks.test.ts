import type { Backend } from '../../lib/haproxy/backend';
import { backend, badAnswers, type Check, startLoad as startLoadOf, startTask, type Task } from './haproxy-tasks';
import { a, b, host, instance, serving as serve, standForEach } from './sync-stand';
import { pause, until } from './until';

standForEach();

const faults = ['hangs', 'bad', 'closes'] as const;

/** A service of its own path, named as it. */
const service = (name: string, tasks: readonly Task[], more: Partial<Backend> = {}): Backend =>
  backend(
    tasks.map(({ server }) => server),
    {
      name: `default.${name}`,
      service: name,
      routes: [{ host: '*', path: `/${name}`, since: 1 }],
      labels: { check: '/' },
      ...more,
    },
  );

const status = async (name: string, { name: task }: Task) => `${await instance.status(`default.${name}`, task)}`;
const isDown = async (name: string, task: Task) => (await status(name, task)).startsWith('DOWN');
const allUp = async (name: string, ...tasks: readonly Task[]) => {
  for (const task of tasks) await until(async () => (await status(name, task)) === 'UP');
};

const failedChecks = async ({ name }: Task): Promise<number> => {
  const lines = (await instance.worker('show stat')).split('\n');
  const column = lines[0]?.split(',').indexOf('chkfail') ?? -1;
  return Number(lines.find((line) => line.startsWith(`default.web,${name},`))?.split(',')[column]);
};

/** Asks a service by GET and by POST, in turn, until told to stop. Returns what was not served. */
function startLoad(name: string) {
  const load = startLoadOf(host, { path: `/${name}`, methods: ['GET', 'POST'] });
  return async () => badAnswers(await load.stop());
}

type Served = { readonly fault: Check; readonly old: Task; readonly tasks: readonly Task[]; readonly never: Task };

/** A service for each fault: two tasks, one of which came at run time as another left, and one that was never well. */
async function serving(): Promise<readonly Served[]> {
  const services: Served[] = [];
  for (const fault of faults) {
    const tasks = [await startTask('a'), await startTask('b')];
    services.push({ fault, tasks, old: await startTask('old'), never: await startTask('never', { check: fault }) });
  }
  const first = services.map(({ fault, tasks: [a], old, never }) => service(fault, [a as Task, old, never]));
  await instance.syncHere(instance.publish(first));
  await instance.startHaproxy();
  for (const {
    fault,
    tasks: [a],
    old,
  } of services)
    await allUp(fault, a as Task, old);

  const then = services.map(({ fault, tasks, never }) => service(fault, [...tasks, never]));
  expect(await instance.sync(instance.publish(then))).toMatchObject({ code: 0, report: { how: 'at run time' } });
  for (const { fault, tasks } of services) await allUp(fault, ...tasks);
  return services;
}

describe('an HTTP check', () => {
  it('that no task passes for 4500 ms fails no request', async () => {
    const services = await serving();
    const loads = services.map(({ fault }) => startLoad(fault));
    const asked = services.map(({ old }) => old.state.requests);

    for (const { fault, tasks } of services) for (const { state } of tasks) state.check = fault;
    await pause(4_500);
    for (const { tasks } of services) for (const { state } of tasks) state.check = 'well';
    await pause(1_500);

    expect(await Promise.all(loads.map((stop) => stop()))).toStrictEqual([[], [], []]);
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
    expect(await Promise.all(loads.map((stop) => stop()))).toStrictEqual([[], [], []]);
  });
});

describe('a task that refuses connections', () => {
  it('is taken out by the requests, whatever its check, and none of them is lost', async () => {
    await serve(a, b);
    await allUp('web', a, b);
    const stop = startLoad('web');

    b.stop();
    await until(() => isDown('web', b));
    const failures = await failedChecks(b);

    expect(await stop()).toStrictEqual([]);
    // Its check alone would have had to fail as often.
    expect(failures).toBeLessThan(3);
  });

  it('is taken out by its TCP check when there are no requests', async () => {
    await instance.syncHere(instance.publish([service('web', [a, b], { labels: {} })]));
    await instance.startHaproxy();
    await allUp('web', a, b);

    b.stop();

    await until(() => isDown('web', b));
  });
});

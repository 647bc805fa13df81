import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { type Instance, startInstance, until } from './haproxy-instance';
import { ask, backend, keepAlive, startLoad, startTask, stopTasks, type Task } from './haproxy-tasks';

jest.setTimeout(60_000);

let instance: Instance;

beforeEach(async () => {
  instance = await startInstance();
});
afterEach(async () => {
  await instance.stop();
  stopTasks();
});

/** Publishes, syncs and starts HAProxy with it. */
async function serving(...started: Task[]): Promise<void> {
  const number = instance.publish([backend(started.map(({ server }) => server))]);
  expect(await instance.sync(number)).toMatchObject({ code: 0, report: { changed: 'prepared' } });
  await instance.startHaproxy();
  await until(async () => (await ask(instance.host)).startsWith('200'));
}

describe('membership', () => {
  it('changes without a reload: the same worker, the same count of reloads, and no request lost', async () => {
    const [a, b, c] = [await startTask('a'), await startTask('b'), await startTask('c')];
    await serving(a, b);
    const before = await instance.processes();
    const load = startLoad(instance.host);

    const outcome = await instance.sync(instance.publish([backend([b.server, c.server])]));
    a.stop();
    await until(() => c.state.requests > 0);

    expect(outcome).toMatchObject({
      code: 0,
      report: { changed: 'membership', added: 1, left: 1, how: 'at run time' },
    });
    expect(await instance.processes()).toStrictEqual(before);
    expect(Object.keys(await load.stop()).filter((answer) => !answer.startsWith('200'))).toStrictEqual([]);
  });

  it('sends a new task no request before its check has passed', async () => {
    const [a, b] = [await startTask('a'), await startTask('b', { status: 500 })];
    await serving(a);
    const load = startLoad(instance.host);

    await instance.sync(instance.publish([backend([a.server, b.server])]));
    await until(() => b.state.checks > 3);
    const early = b.state.requests;
    b.state.status = 200;
    await until(() => b.state.requests > 0);

    expect(early).toBe(0);
    expect(Object.keys(await load.stop()).sort()).toStrictEqual(['200 a', '200 b']);
  });

  it('sends none before its check when HAProxy starts anew either', async () => {
    // A server that HAProxy takes for good would be asked before such a slow check has failed.
    const a = await startTask('a', { status: 500, checkMs: 300 });
    await instance.sync(instance.publish([backend([a.server])]));
    for (const start of ['first', 'again']) {
      await instance.startHaproxy();
      const load = startLoad(instance.host);
      await until(() => a.state.checks > (start === 'first' ? 2 : 5));
      await load.stop();
      await instance.stopHaproxy();
    }

    expect(a.state.requests).toBe(0);
  });

  it('is put right though nobody can write down who passes its checks, and the sync says so', async () => {
    const a = await startTask('a');
    await serving(a);
    await instance.worker('set server default.web/a state maint');
    // As on a full disk.
    mkdirSync(join(instance.path.live, 'sluice.state.next'));

    const outcome = await instance.sync(0);

    expect(outcome).toMatchObject({ code: 2, report: { failed: expect.stringContaining('is the disk full?') } });
    await until(async () => (await ask(instance.host)) === '200 a');
  });

  it('leaves a dead port out', async () => {
    const [a, gone] = [await startTask('a'), await startTask('gone')];
    await serving(a);
    gone.stop();

    await instance.sync(instance.publish([backend([a.server, gone.server])]));
    const load = startLoad(instance.host);
    await new Promise((resolve) => setTimeout(resolve, 1_200));

    expect(Object.keys(await load.stop())).toStrictEqual(['200 a']);
    expect(await instance.status('default.web', 'gone')).toMatch(/^DOWN/);
  });

  it('sends no request to a task that left, on kept connections neither', async () => {
    const [a, b] = [await startTask('a'), await startTask('b')];
    await serving(a, b);
    const agents = Array.from({ length: 8 }, keepAlive);
    await Promise.all(agents.map((agent) => ask(instance.host, { agent })));

    await instance.sync(instance.publish([backend([b.server])]));
    const before = a.state.requests;
    const answers = await Promise.all(agents.map((agent) => ask(instance.host, { agent })));
    for (const agent of agents) agent.destroy();

    expect(new Set(answers)).toStrictEqual(new Set(['200 b']));
    expect(a.state.requests).toBe(before);
  });

  it('changes nothing the second time, asks Parameter Store once, and is not moved by an older nudge', async () => {
    const [a, b] = [await startTask('a'), await startTask('b')];
    await serving(a);
    const number = instance.publish([backend([a.server, b.server])]);
    await instance.sync(number);
    const before = {
      servers: (await instance.servers()).map(({ line }) => line.split(' ').slice(0, 4)),
      calls: instance.api.calls.length,
    };

    const again = await instance.sync(number);
    const late = await instance.sync(number - 1);

    const nothing = {
      generation: number,
      changed: 'nothing',
      added: 0,
      left: 0,
      removed: 0,
      certificates: [],
      served: {},
    };
    expect(again.report).toStrictEqual({ ...nothing, milliseconds: expect.any(Number) });
    expect(late.report).toStrictEqual({ ...nothing, milliseconds: expect.any(Number) });
    expect((await instance.servers()).map(({ line }) => line.split(' ').slice(0, 4))).toStrictEqual(before.servers);
    expect(instance.api.calls.length - before.calls).toBe(2);
  });
});

describe('a whole replacement in one generation, as a proxy sees it that hears late', () => {
  const failures = (answers: Record<string, number>) =>
    Object.keys(answers).filter((answer) => !answer.startsWith('200'));

  it('lets the old ones answer until a new one has passed its check, so that nobody gets a 503', async () => {
    const [a, b] = [await startTask('a'), await startTask('b')];
    await serving(a);
    const load = startLoad(instance.host);

    const outcome = await instance.sync(instance.publish([backend([b.server])]));
    const asked = a.state.requests;
    await until(() => b.state.requests > 20);

    expect(outcome).toMatchObject({ code: 0, report: { changed: 'membership', added: 1, left: 1 } });
    expect(failures(await load.stop())).toStrictEqual([]);
    expect(a.state.requests).toBe(asked);
  });

  it('does so before a reload too', async () => {
    const [a, b] = [await startTask('a'), await startTask('b')];
    await serving(a);
    const load = startLoad(instance.host);

    const outcome = await instance.sync(instance.publish([backend([b.server], { check: '/other' })]));
    await until(() => b.state.requests > 20);

    expect(outcome).toMatchObject({ code: 0, report: { changed: 'structure' } });
    expect(failures(await load.stop())).toStrictEqual([]);
  });
});

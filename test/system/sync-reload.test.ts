import { readlinkSync } from 'node:fs';
import { createServer } from 'node:net';

import { type File, render } from '../../lib/haproxy/render';
import { type Instance, pause, startInstance, startRelay, until } from './haproxy-instance';
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

const api = (...started: Task[]) =>
  backend(
    started.map(({ server }) => server),
    { name: 'default.api', service: 'api', routes: [{ host: 'api.example.com', path: '/', since: 1 }] },
  );
const web = (...started: Task[]) => backend(started.map(({ server }) => server));

async function serving(...started: Task[]): Promise<void> {
  await instance.sync(instance.publish([web(...started)]));
  await instance.startHaproxy();
  await until(async () => (await ask(instance.host)).startsWith('200'));
}

/** A rendered configuration with one more file, under a structure of its own. */
const withFile = (file: File, ...started: Task[]): readonly File[] => [
  ...render({ backends: [web(...started)], certified: [] }).map(({ name, text }) => ({
    name,
    text: text.replace(/description sluice \w+/, 'description sluice 0123456789abcdef'),
  })),
  file,
];

describe('a new structure', () => {
  it('is reloaded once, verified by a new worker that shows it, and loses no request', async () => {
    const [a, b] = [await startTask('a'), await startTask('b')];
    await serving(a);
    const before = await instance.processes();
    const load = startLoad(instance.host);

    const outcome = await instance.sync(instance.publish([web(a), api(b)]));
    await load.stop();

    const after = await instance.processes();
    expect(outcome.report).toMatchObject({ changed: 'structure', how: 'by a reload', added: 1, left: 0 });
    expect(after.reloads).toBe(before.reloads + 1);
    expect(after.workers[0]).not.toBe(before.workers[0]);
    expect(Object.keys(load.answers)).toStrictEqual(['200 a']);
  });

  it('carries health over: a dead server stays down, a new one starts down, a good one stays up', async () => {
    const [good, dead, fresh] = [
      await startTask('good'),
      await startTask('dead'),
      await startTask('fresh', { status: 500 }),
    ];
    await serving(good, dead);
    dead.stop();
    await until(async () => (await instance.status('default.web', 'dead')) === 'DOWN');
    const load = startLoad(instance.host);

    await instance.sync(instance.publish([web(good, dead), api(fresh)]));
    const statuses = await Promise.all([
      instance.status('default.web', 'good'),
      instance.status('default.web', 'dead'),
      instance.status('default.api', 'fresh'),
    ]);
    await load.stop();

    expect(statuses).toStrictEqual(['UP', 'DOWN', 'DOWN']);
    expect(Object.keys(load.answers)).toStrictEqual(['200 good']);
  });

  it('lets no kept connection of the old worker lead to a task that left with it', async () => {
    const [a, b, c] = [await startTask('a'), await startTask('b'), await startTask('c')];
    await serving(a, b);
    const agents = Array.from({ length: 6 }, keepAlive);
    await Promise.all(agents.map((agent) => ask(instance.host, { agent })));

    await instance.sync(instance.publish([web(b), api(c)]));
    const before = a.state.requests;
    const answers = await Promise.all(agents.map((agent) => ask(instance.host, { agent })));
    for (const agent of agents) agent.destroy();

    expect(new Set(answers)).toStrictEqual(new Set(['200 b']));
    expect(a.state.requests).toBe(before);
  });
});

describe('a refusal', () => {
  it('of the configuration leaves the old worker serving, reachable, and its folder live', async () => {
    const a = await startTask('a');
    await serving(a);
    const before = await instance.processes();

    const broken = { name: '60-broken.cfg', text: 'backend broken\n    balanse roundrobin\n' };
    const outcome = await instance.sync(instance.publishFiles(withFile(broken, a)));
    const again = await instance.sync(instance.publish([web(a)]));

    expect(outcome).toMatchObject({
      code: 1,
      report: {
        failed: expect.stringMatching(
          /^HAProxy refuses the configuration, what runs is kept: .*60-broken.cfg:2.*balanse/,
        ),
      },
    });
    expect(await instance.processes()).toStrictEqual(before);
    expect(again).toMatchObject({ code: 0, report: { changed: 'files' } });
    expect(await ask(instance.host)).toBe('200 a');
  });

  it('of the configuration holds up nobody who comes or leaves', async () => {
    const [a, b] = [await startTask('a'), await startTask('b')];
    await serving(a);
    const load = startLoad(instance.host);

    const broken = { name: '60-broken.cfg', text: 'backend broken\n    balanse roundrobin\n' };
    const outcome = await instance.sync(instance.publishFiles(withFile(broken, b)));
    const asked = a.state.requests;
    await until(() => b.state.requests > 20);

    expect(outcome).toMatchObject({ code: 1 });
    expect(a.state.requests).toBe(asked);
    expect(Object.keys(await load.stop()).filter((answer) => !answer.startsWith('200'))).toStrictEqual([]);
  });

  it('for an address in use comes from the probe, before any reload', async () => {
    const a = await startTask('a');
    await serving(a);
    const before = await instance.processes();
    const taken = createServer().listen(10555, instance.host);

    const extra = {
      name: '60-extra.cfg',
      text: `frontend extra from sluice-defaults\n    bind ${instance.host}:10555\n`,
    };
    const outcome = await instance.sync(instance.publishFiles(withFile(extra, a)));
    await new Promise((resolve) => taken.close(resolve));
    const later = await instance.sync(0);

    expect(outcome).toMatchObject({
      code: 1,
      report: {
        failed: `HAProxy was not reloaded: it could not bind ${instance.host}:10555 (another program has it); what runs is kept`,
      },
    });
    expect(later.report).toMatchObject({ changed: 'structure', how: 'by a reload' });
    expect((await instance.processes()).reloads).toBe(before.reloads + 1);
  });

  it('is found by the probe too when the sync before was killed at its reload', async () => {
    const a = await startTask('a');
    await serving(a);
    const before = await instance.processes();
    const extra = {
      name: '60-extra.cfg',
      text: `frontend extra from sluice-defaults\n    bind ${instance.host}:10555\n`,
    };
    const generation = instance.publishFiles(withFile(extra, a));
    const relay = await startRelay(instance, (command) => {
      if (command !== 'reload\n') return true;
      running.kill();
      return false;
    });
    const running = instance.startSync(generation, { SLUICE_MASTER: relay.path });
    await running.ended;
    await relay.stop();
    const taken = createServer().listen(10555, instance.host);

    const outcome = await instance.sync(generation);
    await new Promise((resolve) => taken.close(resolve));

    expect(outcome).toMatchObject({ code: 1, report: { failed: expect.stringContaining('could not bind') } });
    expect(await instance.processes()).toStrictEqual(before);
  });

  it('at the reload itself switches the folder back; the old worker serves on and takes further changes', async () => {
    const [a, b] = [await startTask('a'), await startTask('b')];
    await serving(a);
    const [before] = (await instance.processes()).workers;

    // Good for `-c` and for the probe, but nobody may bind it: the directory does not exist.
    const extra = {
      name: '60-extra.cfg',
      text: `frontend extra from sluice-defaults\n    bind unix@${instance.path.folder}/nowhere/socket\n`,
    };
    const outcome = await instance.sync(instance.publishFiles(withFile(extra, a)));
    const live = readlinkSync(instance.path.live);
    const again = await instance.sync(instance.publish([web(a, b)]));

    expect(outcome).toMatchObject({
      code: 1,
      report: { failed: expect.stringMatching(/^HAProxy refused the reload, the old worker serves on/) },
    });
    expect(live).toMatch(/generations\/1$/);
    expect(again).toMatchObject({ code: 0, report: { changed: 'membership', how: 'at run time', added: 1 } });
    expect((await instance.processes()).workers).toContain(before);
    await until(async () => (await ask(instance.host)) === '200 b');
    expect(await instance.sync(instance.publish([web(a), api(b)]))).toMatchObject({
      code: 0,
      report: { how: 'by a reload' },
    });
  });
});

/** As the update of HAProxy's package does, and `systemctl reload haproxy`: no sync prepares it. */
async function reloadByHand(): Promise<void> {
  const { master, reloads, workers } = await instance.processes();
  process.kill(master, 'SIGUSR2');
  await until(async () => {
    const now = await instance.processes();
    return now.reloads === reloads + 1 && now.workers[0] !== workers[0];
  });
  await pause(1_000);
}

describe('a reload by the package’s update loses no request', () => {
  it('where a sync has seen who answers', async () => {
    const [a, b] = [await startTask('a', { checkMs: 200 }), await startTask('b', { checkMs: 200 })];
    await serving(a, b);
    for (const name of ['a', 'b']) await until(async () => (await instance.status('default.web', name)) === 'UP');
    await instance.sync(0);
    const load = startLoad(instance.host);

    await reloadByHand();

    expect(Object.keys(await load.stop()).sort()).toStrictEqual(['200 a', '200 b']);
  });

  it('where haproxy.service asks who answers before it reloads, though no sync has seen it', async () => {
    await serving(await startTask('a', { checkMs: 200 }));
    const load = startLoad(instance.host);

    const noted = await instance.noteHealth();
    await reloadByHand();

    expect(noted).toMatchObject({ code: 0, report: { health: '1 of 1 servers answer' } });
    expect(Object.keys(await load.stop())).toStrictEqual(['200 a']);
  });

  it('where a task has ended since, for its check fails soon and others take its requests', async () => {
    const [a, b] = [await startTask('a'), await startTask('b')];
    await serving(a, b);
    for (const name of ['a', 'b']) await until(async () => (await instance.status('default.web', name)) === 'UP');
    await instance.sync(0);
    b.stop();
    const load = startLoad(instance.host);

    await reloadByHand();

    expect(Object.keys(await load.stop())).toStrictEqual(['200 a']);
    expect(await instance.status('default.web', 'b')).toBe('DOWN');
  });

  it('and a newcomer is asked for nothing before its first passed check, by it either', async () => {
    const [a, fresh] = [await startTask('a'), await startTask('fresh', { status: 500, checkMs: 300 })];
    await serving(a);
    await instance.sync(instance.publish([web(a, fresh)]));
    const load = startLoad(instance.host);

    await reloadByHand();

    expect(Object.keys(await load.stop())).toStrictEqual(['200 a']);
    expect(fresh.state.requests).toBe(0);
  });
});

it('a start believes nothing of what was seen before: every task is checked first', async () => {
  const a = await startTask('a');
  await serving(a);
  await instance.sync(0);
  await instance.noteHealth();
  await instance.stopHaproxy();
  a.stop();
  const late = await startTask('a', { port: a.server.port, status: 500, checkMs: 300 });

  await instance.startHaproxy();
  const load = startLoad(instance.host);
  await until(() => late.state.checks > 2);

  expect(Object.keys(await load.stop())).toStrictEqual(['503']);
  expect(late.state.requests).toBe(0);
});

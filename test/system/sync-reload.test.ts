import { readlinkSync } from 'node:fs';
import { createServer } from 'node:net';

import { type File, render } from '../../lib/haproxy/render';
import { ask, backend, badAnswers, keepAlive, startLoad, startTask, type Task } from './haproxy-tasks';
import { a, apply, b, c, failing, host, instance, serving, standForEach, startRelay, web } from './sync-stand';
import { until } from './until';

standForEach();

const api = (task: Task) => {
  const routes = [{ host: 'api.example.com', path: '/', since: 1 }];
  return backend([task.server], { name: 'default.api', service: 'api', routes });
};
/** Publishes a second backend, which only a reload can bring. */
const applyWithApi = (tasks: Task[], task: Task) => instance.sync(instance.publish([web(...tasks), api(task)]));

/** Publishes a configuration with one more file, under a structure of its own. */
const publishWith = (text: string, ...tasks: Task[]): number => {
  const files: readonly File[] = render({ backends: [web(...tasks)], certified: [] }).map(({ name, text }) => ({
    name,
    text: text.replace(/description sluice \w+/, 'description sluice 0123456789abcdef'),
  }));
  return instance.publishFiles([...files, { name: '60-extra.cfg', text }]);
};
const broken = 'backend broken\n    balanse roundrobin\n';
const binding = (address: string) => `frontend extra from sluice-defaults\n    bind ${address}\n`;

const status = (name: string) => instance.status('default.web', name);

describe('a new structure', () => {
  it('is reloaded once, verified by a new worker that shows it, and loses no request', async () => {
    await serving(a);
    const before = await instance.processes();
    const load = startLoad(host);

    const outcome = await applyWithApi([a], b);
    await load.stop();

    const after = await instance.processes();
    expect(outcome.report).toMatchObject({ changed: 'structure', how: 'by a reload', added: 1, left: 0 });
    expect(after.reloads).toBe(before.reloads + 1);
    expect(after.workers[0]).not.toBe(before.workers[0]);
    expect(Object.keys(load.answers)).toStrictEqual(['200 a']);
  });

  it('keeps the health of servers: a dead one stays down, a new one starts down, a good one stays up', async () => {
    const fresh = await startTask('fresh', { status: 500 });
    await serving(a, b);
    b.stop();
    await until(async () => (await status('b')) === 'DOWN');
    const load = startLoad(host);

    await applyWithApi([a, b], fresh);
    const statuses = [await status('a'), await status('b'), await instance.status('default.api', 'fresh')];
    await load.stop();

    expect(statuses).toStrictEqual(['UP', 'DOWN', 'DOWN']);
    expect(Object.keys(load.answers)).toStrictEqual(['200 a']);
  });

  it('lets no kept connection of the old worker lead to a task that left with it', async () => {
    await serving(a, b);
    const agents = Array.from({ length: 6 }, keepAlive);
    await Promise.all(agents.map((agent) => ask(host, { agent })));

    await applyWithApi([b], c);
    const before = a.state.requests;
    const answers = await Promise.all(agents.map((agent) => ask(host, { agent })));
    for (const agent of agents) agent.destroy();

    expect(new Set(answers)).toStrictEqual(new Set(['200 b']));
    expect(a.state.requests).toBe(before);
  });
});

describe('a refusal', () => {
  it('of the configuration leaves the old worker serving, reachable, and its folder live', async () => {
    await serving(a);
    const before = await instance.processes();

    const outcome = await instance.sync(publishWith(broken, a));
    const again = await apply([a]);

    expect(outcome).toMatchObject(
      failing(/^HAProxy refuses the configuration, what runs is kept: .*60-extra.cfg:2.*balanse/),
    );
    expect(await instance.processes()).toStrictEqual(before);
    expect(again).toMatchObject({ code: 0, report: { changed: 'files' } });
    expect(await ask(host)).toBe('200 a');
  });

  it('of the configuration delays no task that comes or leaves', async () => {
    await serving(a);
    const load = startLoad(host);

    const outcome = await instance.sync(publishWith(broken, b));
    const asked = a.state.requests;
    await until(() => b.state.requests > 20);

    expect(outcome).toMatchObject({ code: 1 });
    expect(a.state.requests).toBe(asked);
    expect(badAnswers(await load.stop())).toStrictEqual([]);
  });

  it('for an address in use comes from the probe, before any reload', async () => {
    await serving(a);
    const before = await instance.processes();
    const taken = createServer().listen(10555, host);

    const outcome = await instance.sync(publishWith(binding(`${host}:10555`), a));
    await new Promise((resolve) => taken.close(resolve));
    const later = await instance.sync(0);

    expect(outcome).toMatchObject(
      failing(`not reloaded: it could not bind ${host}:10555 (another program has it); what runs is kept`),
    );
    expect(later.report).toMatchObject({ changed: 'structure', how: 'by a reload' });
    expect((await instance.processes()).reloads).toBe(before.reloads + 1);
  });

  it('is found by the probe too when the sync before was killed at its reload', async () => {
    await serving(a);
    const before = await instance.processes();
    const generation = publishWith(binding(`${host}:10555`), a);
    const relay = await startRelay((command) => {
      if (command !== 'reload\n') return true;
      running.kill();
      return false;
    });
    const running = instance.startSync(generation, { SLUICE_MASTER: relay.path });
    await running.ended;
    await relay.stop();
    const taken = createServer().listen(10555, host);

    const outcome = await instance.sync(generation);
    await new Promise((resolve) => taken.close(resolve));

    expect(outcome).toMatchObject(failing('could not bind'));
    expect(await instance.processes()).toStrictEqual(before);
  });

  it('at the reload itself switches the folder back; the old worker keeps serving and takes further changes', async () => {
    await serving(a);
    const [before] = (await instance.processes()).workers;

    // `-c` and the probe accept it, but it cannot be bound: the directory does not exist.
    const outcome = await instance.sync(publishWith(binding(`unix@${instance.path.folder}/nowhere/socket`), a));
    const live = readlinkSync(instance.path.live);
    const again = await apply([a, b]);

    expect(outcome).toMatchObject(failing(/^HAProxy refused the reload, the old worker keeps serving/));
    expect(live).toMatch(/generations\/1$/);
    expect(again).toMatchObject({ code: 0, report: { changed: 'membership', how: 'at run time', added: 1 } });
    expect((await instance.processes()).workers).toContain(before);
    await until(async () => (await ask(host)) === '200 b');
    expect(await applyWithApi([a], b)).toMatchObject({ code: 0, report: { how: 'by a reload' } });
  });
});

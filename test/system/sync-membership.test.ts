import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask, backend, badAnswers, keepAlive, startLoad, startTask } from './haproxy-tasks';
import { a, apply, b, c, host, instance, serving, standForEach } from './sync-stand';
import { until } from './until';

standForEach();

describe('membership', () => {
  it('changes without a reload: the same worker, the same count of reloads, and no request lost', async () => {
    await serving(a, b);
    const before = await instance.processes();
    const load = startLoad(host);

    const outcome = await apply([b, c]);
    a.stop();
    await until(() => c.state.requests > 0);

    const report = { changed: 'membership', added: 1, left: 1, how: 'at run time' };
    expect(outcome).toMatchObject({ code: 0, report });
    expect(await instance.processes()).toStrictEqual(before);
    expect(badAnswers(await load.stop())).toStrictEqual([]);
  });

  it('sends a new task no request before its check has passed', async () => {
    await serving(a);
    b.state.status = 500;
    const load = startLoad(host);

    await apply([a, b]);
    await until(() => b.state.checks > 3);
    const early = b.state.requests;
    b.state.status = 200;
    await until(() => b.state.requests > 0);

    expect(early).toBe(0);
    expect(Object.keys(await load.stop()).sort()).toStrictEqual(['200 a', '200 b']);
  });

  it('sends a new task no request before its check after HAProxy starts either', async () => {
    // A server that HAProxy takes for good would be asked before such a slow check has failed.
    const slow = await startTask('slow', { status: 500, checkMs: 300 });
    await apply([slow]);
    for (const checks of [2, 5]) {
      await instance.startHaproxy();
      const load = startLoad(host);
      await until(() => slow.state.checks > checks);
      await load.stop();
      await instance.stopHaproxy();
    }

    expect(slow.state.requests).toBe(0);
  });

  it('sends no request to a task that left, also not on kept connections', async () => {
    await serving(a, b);
    const agents = Array.from({ length: 8 }, keepAlive);
    await Promise.all(agents.map((agent) => ask(host, { agent })));

    await apply([b]);
    const before = a.state.requests;
    const answers = await Promise.all(agents.map((agent) => ask(host, { agent })));
    for (const agent of agents) agent.destroy();

    expect(new Set(answers)).toStrictEqual(new Set(['200 b']));
    expect(a.state.requests).toBe(before);
  });

  it('changes nothing the second time, asks Parameter Store once, and ignores an older nudge', async () => {
    await serving(a);
    const generation = instance.publish([backend([a.server, b.server])]);
    await instance.sync(generation);
    const shown = async () => (await instance.servers()).map(({ line }) => line.split(' ').slice(0, 4));
    const before = { servers: await shown(), calls: instance.api.calls.length };

    const outcomes = [await instance.sync(generation), await instance.sync(generation - 1)];

    const counts = { added: 0, left: 0, removed: 0, certificates: [], served: {}, milliseconds: expect.any(Number) };
    const nothing = { generation, changed: 'nothing', ...counts };
    expect(outcomes.map(({ report }) => report)).toStrictEqual([nothing, nothing]);
    expect(await shown()).toStrictEqual(before.servers);
    expect(instance.api.calls.length - before.calls).toBe(2);
  });
});

describe('a replacement of all tasks in one generation, as a late proxy sees it', () => {
  it('lets the old tasks answer until a new one has passed its check, so that no client gets a 503', async () => {
    const slow = await startTask('slow', { checkMs: 300 });
    await serving(a);
    const load = startLoad(host);

    // Whatever becomes of the wall clock meanwhile.
    const outcome = await instance.sync(instance.publish([backend([slow.server])]), setAnew(+3_000));
    const asked = a.state.requests;
    await until(() => slow.state.requests > 20);

    expect(outcome).toMatchObject({ code: 0, report: { changed: 'membership', added: 1, left: 1 } });
    expect(outcome.report.milliseconds).toBeLessThan(60_000);
    expect(badAnswers(await load.stop())).toStrictEqual([]);
    expect(a.state.requests).toBe(asked);
  });

  it('does so before a reload too', async () => {
    const slow = await startTask('slow', { checkMs: 300 });
    await serving(a);
    const load = startLoad(host);

    const outcome = await instance.sync(instance.publish([backend([slow.server], { labels: { check: '/other' } })]));
    await until(() => slow.state.requests > 20);

    expect(outcome).toMatchObject({ code: 0, report: { changed: 'structure' } });
    expect(badAnswers(await load.stop())).toStrictEqual([]);
  });

  it('stops waiting for a new task that never passes, though the wall clock is set back meanwhile', async () => {
    await serving(a);
    b.state.status = 500;

    const sync = instance.startSync(instance.publish([backend([b.server])]), setAnew(-3_000));
    const late = setTimeout(sync.kill, 30_000);
    const outcome = await sync.ended;
    clearTimeout(late);

    expect(outcome).toMatchObject({ code: 0, report: { changed: 'membership', added: 1, left: 1 } });
  });
});

/** For the sync: the wall clock is set anew at every look at it. */
function setAnew(milliseconds: number) {
  const file = join(instance.path.folder, 'clock.cjs');
  const code = `const now = Date.now; let skew = 0; Date.now = () => now() + (skew += ${milliseconds});`;
  writeFileSync(file, code);
  return { NODE_OPTIONS: `--require ${file}` };
}

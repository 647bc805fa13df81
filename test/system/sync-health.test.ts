import { render } from '../../lib/haproxy/render';
import { startLoad, startTask } from './haproxy-tasks';
import { a, apply, b, c, host, instance, serving, standForEach, web } from './sync-stand';
import { pause, until } from './until';

standForEach();

const status = (name: string) => instance.status('default.web', name);
const areUp = async (...names: string[]) => {
  for (const name of names) await until(async () => (await status(name)) === 'UP');
};

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
  const servedMeanwhile = async () => {
    const load = startLoad(host);
    await reloadByHand();
    return Object.keys(await load.stop()).sort();
  };
  const slow = (name: string, status = 200) => startTask(name, { status, checkMs: 200 });

  it('where a sync has seen who answers', async () => {
    await serving(await slow('one'), await slow('two'));
    await areUp('one', 'two');
    await instance.sync(0);

    expect(await servedMeanwhile()).toStrictEqual(['200 one', '200 two']);
  });

  it('where haproxy.service asks who answers before it reloads, though no sync has seen it', async () => {
    await serving(await slow('one'));

    expect(await instance.noteHealth()).toMatchObject({ code: 0, report: { health: '1 of 1 servers answer' } });
    expect(await servedMeanwhile()).toStrictEqual(['200 one']);
  });

  it('where a task has ended since, because its check fails soon and others take its requests', async () => {
    await serving(a, b);
    await areUp('a', 'b');
    await instance.sync(0);
    b.stop();

    expect(await servedMeanwhile()).toStrictEqual(['200 a']);
    expect(await status('b')).toBe('DOWN');
  });

  it('and sends a new task no request before its first passed check', async () => {
    const fresh = await slow('fresh', 500);
    await serving(a);
    await apply([a, fresh]);

    expect(await servedMeanwhile()).toStrictEqual(['200 a']);
    expect(fresh.state.requests).toBe(0);
  });
});

/** As 0.1.0 wrote it: a start reads the state file of a reload. */
const asEarlier = (text: string): string =>
  text
    .replace(/^\.if defined\(HAPROXY_MWORKER_REEXEC\)\n(.*\n)\.else\n.*\n\.endif\n/m, '$1')
    .replace(/(description sluice) \w+/, '$1 0123456789abcdef');

it.each([
  ['', (text: string) => text],
  [', also by a configuration of 0.1.0 that was just reloaded', asEarlier],
])('after a start every task is checked first, whatever was seen before%s', async (_, edit) => {
  await serving(a);
  const files = render({ backends: [web(a)], certified: [] });
  const { report } = await instance.sync(
    instance.publishFiles(files.map((file) => ({ ...file, text: edit(file.text) }))),
  );
  await instance.noteHealth();
  await instance.stopHaproxy();
  a.stop();
  const late = await startTask('a', { port: a.server.port, status: 500, checkMs: 300 });

  await instance.startHaproxy();
  const load = startLoad(host);
  await until(() => late.state.checks > 2);

  expect(report).toMatchObject({ changed: edit === asEarlier ? 'structure' : 'files' });
  expect(Object.keys(await load.stop())).toStrictEqual(['503']);
  expect(late.state.requests).toBe(0);
});

it('reports which servers HAProxy considers down, with its own code; none while all are up', async () => {
  await serving(a);
  expect((await instance.sync(0)).report).not.toHaveProperty('down');
  b.state.status = 503;
  c.stop();

  await apply([a, b, c]);
  await until(() => b.state.checks > 2);
  // Not while the next check of it is under way, when HAProxy shows no code.
  let report: unknown;
  await until(async () => {
    ({ report } = await instance.sync(0));
    return JSON.stringify(report).includes('L7STS/503');
  });

  const down = (name: string, port: number, check: string) => ({
    ...{ backend: 'default.web', name, at: `127.0.0.1:${port}`, check },
  });
  const servers = [down('b', b.server.port, 'L7STS/503'), down('c', c.server.port, 'L4CON')];
  expect(report).toMatchObject({ changed: 'nothing', down: { count: 2, servers } });
});

import { chmodSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Instance, selfSigned, startInstance, startRelay, until } from './haproxy-instance';
import { ask, backend, startTask, stopTasks, type Task } from './haproxy-tasks';

jest.setTimeout(120_000);

let instance: Instance;
let tasks: Task[];

beforeEach(async () => {
  instance = await startInstance();
  tasks = [await startTask('a'), await startTask('b'), await startTask('c')];
  await instance.sync(instance.publish([web(0)]));
  await instance.startHaproxy();
  await until(async () => (await ask(instance.host)) === '200 a');
});
afterEach(async () => {
  await instance.stop();
  stopTasks();
});

const web = (...indices: number[]) => backend(indices.flatMap((index) => tasks[index]?.server ?? []));

/** Lets a sync be killed just before its n-th command reaches HAProxy. Gives what it said: nothing, if it was killed. */
async function killedAtCommand(count: number, generation: number): Promise<string> {
  let left = count;
  const relay = await startRelay(instance, () => {
    if (--left === 0) running.kill();
  });
  const running = instance.startSync(generation, { SLUICE_MASTER: relay.path });
  const { output } = await running.ended;
  await relay.stop();
  return output;
}

const admitted = async () =>
  (await instance.servers())
    .filter((server) => server.admitted)
    .map(({ name }) => name)
    .sort();

const offered = async () =>
  (await instance.worker(`show ssl crt-list ${instance.path.live}/certificates`)).match(/[^/]+\.pem$/gm);

describe('a sync that is killed half-way', () => {
  it('at any command of a change of membership is repaired by the next', async () => {
    const before = await instance.processes();
    let wanted = [0, 1];
    let killed = 0;
    for (let count = 1; ; count++, killed++) {
      wanted = wanted[1] === 1 ? [0, 2] : [0, 1];
      // The task that comes was here before: it must be gone, or it would only be repaired.
      await instance.worker(`del server default.web/${wanted[1] === 1 ? 'b' : 'c'}`);
      const generation = instance.publish([web(...wanted)]);
      if ((await killedAtCommand(count, generation)) !== '') break;

      expect(await instance.sync(generation)).toMatchObject({ code: 0, report: { generation } });
      expect(await admitted()).toStrictEqual(wanted.map((index) => 'abc'[index]));
    }

    expect(killed).toBeGreaterThan(8);
    expect((await instance.processes()).reloads).toBe(before.reloads);
  });

  it('at any command of a reload is repaired by the next', async () => {
    for (let count = 1; count < 12; count++) {
      const routes = [{ host: `${count}.example.com`, path: '/', since: 1 }];
      const generation = instance.publish([web(0), { ...web(1), name: 'default.other', routes }]);
      await killedAtCommand(count, generation);

      expect(await instance.sync(generation)).toMatchObject({ code: 0, report: { generation } });
      expect(await admitted()).toStrictEqual(['a', 'b']);
      // A worker that the killed one's reload started may still check its servers.
      await until(async () => (await ask(instance.host)) === '200 a');
    }
  });

  it('at any command of a certificate is repaired by the next', async () => {
    let killed = 0;
    for (let count = 1; ; count++, killed++) {
      const certificate = instance.storeCertificate(`${count}.example.com`, {
        key: selfSigned(`${count}.example.com`),
      });
      const generation = instance.publish([web(0)], [certificate]);
      if ((await killedAtCommand(count, generation)) !== '') break;

      expect(await instance.sync(generation)).toMatchObject({ code: 0, report: { generation } });
      expect(await offered()).toStrictEqual(['00-stand-in.pem', `${count}.example.com.pem`]);
    }
    expect(killed).toBeGreaterThan(8);
  });

  it('while it checks leaves a staged folder, which is never taken for a whole one', async () => {
    const checker = join(instance.path.folder, 'checker');
    const flag = join(instance.path.folder, 'checking');
    writeFileSync(checker, `#!/bin/sh\ntouch ${flag}\nsleep 5\n`);
    chmodSync(checker, 0o755);
    const generation = instance.publish([web(1)]);

    const running = instance.startSync(generation, { HAPROXY: checker });
    await until(() => readdirSync(instance.path.folder).includes('checking'));
    running.kill();
    await running.ended;

    expect(readlinkSync(instance.path.live)).toMatch(/generations\/1$/);
    expect(await instance.sync(generation)).toMatchObject({ code: 0, report: { changed: 'membership' } });
    expect(readdirSync(join(instance.path.home, 'generations')).sort()).toStrictEqual(['1', '2']);
  });
});

describe('two syncs at once', () => {
  it('do not overlap, and end where one would', async () => {
    const commands: string[] = [];
    const relay = await startRelay(instance, (command) => commands.push(command));
    const generation = instance.publish([web(1, 2)]);

    const outcomes = await Promise.all([1, 2, 3].map(() => instance.sync(generation, { SLUICE_MASTER: relay.path })));
    await relay.stop();

    expect(outcomes.map(({ report }) => report.changed).sort()).toStrictEqual(['membership', 'nothing', 'nothing']);
    expect(commands.filter((command) => command.includes('add server')).length).toBe(2);
    await until(async () => (await admitted()).join() === 'b,c');
  });
});

describe('a server that left', () => {
  it('is deleted by a later sync, when it is idle and has been quiet', async () => {
    const soon = { SLUICE_REMOVE_AFTER_SECONDS: '1' };
    const generation = instance.publish([web(1)]);
    await instance.sync(generation, soon);
    const left = (await instance.servers()).map(({ name }) => name).sort();
    await until(async () => (await instance.servers()).every(({ unchangedSeconds }) => unchangedSeconds >= 1));

    const later = await instance.sync(generation, soon);

    expect(left).toStrictEqual(['a', 'b']);
    expect(later.report).toMatchObject({ changed: 'nothing', removed: 1 });
    expect((await instance.servers()).map(({ name }) => name)).toStrictEqual(['b']);
  });
});

describe('a thousand servers', () => {
  it('come and go at run time', async () => {
    const many = Array.from({ length: 1000 }, (_, index) => ({
      name: `t${index}`,
      address: '127.0.0.1',
      port: 20_000 + index,
    }));
    const before = await instance.processes();

    const came = await instance.sync(instance.publish([backend([...web(0).servers, ...many])]));
    const went = await instance.sync(instance.publish([web(0)]));

    expect(came.report).toMatchObject({ changed: 'membership', added: 1000 });
    expect(went.report).toMatchObject({ changed: 'membership', left: 1000 });
    // Run Command ends a sync after 90 seconds.
    expect(Number(came.report.milliseconds)).toBeLessThan(90_000);
    expect(await instance.processes()).toStrictEqual(before);
  });
});

import { chmodSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Haproxy } from '../../lib/sync/haproxy/worker';
import { ask, backend } from './haproxy-tasks';
import { selfSigned } from './self-signed';
import { a, apply, b, c, host, instance, servers, serving, standForEach, startRelay, stored, web } from './sync-stand';
import { until } from './until';

standForEach(() => serving(a));

/**
 * Ends a sync for good when its n-th command has reached HAProxy, as if it were killed there: it never gets the reply, and does nothing
 * more. Returns whether it came that far.
 */
const isCutOff = (count: number, generation: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    let left = count;
    const pass = (send: () => Promise<string>): Promise<string> => {
      if (--left > 0) return send();
      void send().finally(() => resolve(true));
      return new Promise(() => undefined);
    };
    const cut = ({ master, reload }: Haproxy): Haproxy => ({
      master: (command) => pass(() => master(command)),
      reload: () => pass(reload),
    });
    instance.syncHere(generation, cut).then(() => resolve(false), reject);
  });

const admitted = async () => (await instance.servers()).flatMap(({ name, admitted }) => (admitted ? name : [])).sort();

const offered = async () =>
  (await instance.worker(`show ssl crt-list ${instance.path.live}/certificates`)).match(/[^/]+\.pem$/gm);

describe('a sync that is killed half-way', () => {
  it('at any command of a change of membership is finished by the next', async () => {
    const before = await instance.processes();
    let killed = 0;
    for (let isCut = true; isCut; killed++) {
      const comes = killed % 2 === 0 ? c : b;
      // The task that comes was here before: it must be gone, or it would only be repaired.
      await instance.worker(`del server default.web/${comes.server.name}`);
      const generation = instance.publish([web(a, comes)]);
      isCut = await isCutOff(killed + 1, generation);

      expect(await instance.syncHere(generation)).toMatchObject({ generation });
      expect(await admitted()).toStrictEqual(['a', comes.server.name]);
    }

    expect(killed).toBeGreaterThan(9);
    expect((await instance.processes()).reloads).toBe(before.reloads);
  });

  it('at any command of a reload is finished by the next', async () => {
    for (let count = 1; count < 12; count++) {
      const routes = [{ host: `${count}.example.com`, path: '/', since: 1 }];
      const generation = instance.publish([web(a), { ...web(b), name: 'default.other', routes }]);
      await isCutOff(count, generation);

      expect(await instance.syncHere(generation)).toMatchObject({ generation });
      expect(await admitted()).toStrictEqual(['a', 'b']);
      // A worker that the killed one's reload started may still check its servers.
      await until(async () => (await ask(host)) === '200 a');
    }
  });

  it('at any command of a certificate is finished by the next', async () => {
    const key = selfSigned('*.example.com');
    let killed = 0;
    for (let isCut = true; isCut; killed++) {
      const { entry } = stored(`${killed}.example.com`, key);
      const generation = instance.publish([web(a)], [entry]);
      isCut = await isCutOff(killed + 1, generation);

      expect(await instance.syncHere(generation)).toMatchObject({ generation });
      expect(await offered()).toStrictEqual(['00-stand-in.pem', `${entry.name}.pem`]);
    }
    expect(killed).toBeGreaterThan(9);
  });

  it('while it checks leaves a staged folder, which is never taken for a whole one', async () => {
    const checker = join(instance.path.folder, 'checker');
    const flag = join(instance.path.folder, 'checking');
    writeFileSync(checker, `#!/bin/sh\ntouch ${flag}\nsleep 5\n`);
    chmodSync(checker, 0o755);
    const generation = instance.publish([web(b)]);

    const running = instance.startSync(generation, { HAPROXY: checker });
    await until(() => readdirSync(instance.path.folder).includes('checking'));
    running.kill();
    await running.ended;

    expect(readlinkSync(instance.path.live)).toMatch(/generations\/1$/);
    expect(await instance.sync(generation)).toMatchObject({ code: 0, report: { changed: 'membership' } });
    expect(readdirSync(join(instance.path.home, 'generations')).sort()).toStrictEqual(['1', '2']);
  });
});

it('two syncs at once do not overlap, and end where one would', async () => {
  const commands: string[] = [];
  const relay = await startRelay((command) => commands.push(command));
  const generation = instance.publish([web(b, c)]);

  const outcomes = await Promise.all([1, 2, 3].map(() => instance.sync(generation, { SLUICE_MASTER: relay.path })));
  await relay.stop();

  expect(outcomes.map(({ report }) => report.changed).sort()).toStrictEqual(['membership', 'nothing', 'nothing']);
  expect(commands.join().match(/add server/g)).toHaveLength(2);
  await until(async () => (await admitted()).join() === 'b,c');
});

it('a server that left is deleted by a later sync, when it is idle and has been quiet', async () => {
  const generation = instance.publish([web(b)]);
  await instance.sync(generation);
  const left = await servers();
  await until(async () => (await instance.servers()).every(({ unchangedSeconds }) => unchangedSeconds >= 1));

  const later = await instance.sync(generation, { SLUICE_REMOVE_AFTER_SECONDS: '1' });

  expect(left).toStrictEqual(['a', 'b']);
  expect(later.report).toMatchObject({ changed: 'nothing', removed: 1 });
  expect(await servers()).toStrictEqual(['b']);
});

it('hundreds of servers come and go at run time', async () => {
  const many = Array.from({ length: 300 }, (_, n) => ({ name: `t${n}`, address: '127.0.0.1', port: 20_000 + n }));
  const before = await instance.processes();

  const came = await instance.sync(instance.publish([backend([a.server, ...many])]));
  const went = await apply([a]);

  expect(came.report).toMatchObject({ changed: 'membership', added: 300 });
  expect(went.report).toMatchObject({ changed: 'membership', left: 300 });
  expect(await instance.processes()).toStrictEqual(before);
});

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';

import type { Backend } from '../../lib/haproxy/backend';
import { ask, backend, startTask } from './haproxy-tasks';
import { answers, grpc, helpful, https, speaksFirst, startStrangeTask } from './strange-tasks';
import { host, inHome, instance, standForEach } from './sync-stand';
import { until } from './until';

standForEach();

/** A service of its own path, by default with the default check. */
const service = (name: string, server: Backend['servers'][number], more: Partial<Backend> = {}): Backend =>
  backend([server], {
    ...{ name: `default.${name}`, service: name, routes: [{ host: '*', path: `/${name}`, since: 1 }], labels: {} },
    ...more,
  });

/** HAProxy runs without these services, then they come. Gives what that very sync reports. */
async function arrive(...backends: readonly Backend[]) {
  const old = await startTask('old');
  const empty = backends.map((each) => ({ ...each, servers: [] }));
  const others = [service('other', old.server), ...empty];
  await instance.syncHere(instance.publish(others));
  await instance.startHaproxy();
  await until(async () => (await get('other')) === '200 old');
  return instance.sync(instance.publish([service('other', old.server), ...backends]));
}

const get = (name: string) => ask(host, { path: `/${name}` });
const visits = async (name: string) => [await get(name), await get(name), await get(name)];
const isUp = (name: string) =>
  until(async () => (await instance.status(`default.${name}`, name)) === 'UP', `${name} is up`);
const memory = () => inHome('heard.json');

const advice = expect.stringContaining('Sluice speaks HTTP/1.1 without TLS to tasks') as string;
const named = (name: string, at: string, speaks: string) => ({
  count: 1,
  servers: [{ backend: `default.${name}`, name, at, speaks: expect.stringContaining(speaks) as string }],
  advice,
});

describe('a task with the default check', () => {
  it.each([
    ['HTTP/2 only, as gRPC does', grpc],
    ['another protocol; it begins with "SSH-2.0-OpenSSH_9.2"', () => speaksFirst('SSH-2.0-OpenSSH_9.2\r\n')],
    ['another protocol; it begins with "J.', () => speaksFirst('J\0\0\0\n8.0.36\0\u001b[31m')],
  ])('that speaks %s is named by the sync that adds it, and delays no other service', async (speaks, server) => {
    const { server: strange, at } = await startStrangeTask('strange', server());
    const fine = await startTask('fine');

    const outcome = await arrive(service('strange', strange), service('fine', fine.server));

    expect(outcome).toMatchObject({
      code: 0,
      report: { changed: 'membership', foreign: named('strange', at, speaks) },
    });
    await isUp('strange');
    await isUp('fine');
    expect([await get('strange'), await get('fine'), await get('other')]).toStrictEqual(['502', '200 fine', '200 old']);
    expect((await instance.sync(0)).report).toMatchObject({
      changed: 'nothing',
      foreign: named('strange', at, speaks),
    });
  });

  it.each([
    ['TLS', 'TLS', https, '502'],
    ['TLS, and says so by 400 as Go does', 'TLS', helpful, '400 Client sent an HTTP request to an HTTPS server.'],
    [
      'no HTTP, as Redis',
      'another protocol; it begins with "-ERR unknown"',
      () => answers(() => '-ERR unknown\r\n'),
      '502',
    ],
    ['nothing', 'another protocol than HTTP/1.1: HAProxy could not read any of its', () => answers(() => ''), '502'],
  ])(
    'that waits for its client and speaks %s is named after three failed requests',
    async (_, speaks, server, seen) => {
      const { server: strange, at } = await startStrangeTask('strange', server());
      expect((await arrive(service('strange', strange))).report).not.toHaveProperty('foreign');
      await isUp('strange');

      expect(await visits('strange')).toStrictEqual([seen, seen, seen]);

      for (const time of ['first', 'again']) {
        const { report } = await instance.sync(0);
        expect([time, report]).toMatchObject([time, { foreign: named('strange', at, speaks) }]);
      }
    },
  );

  it('that was not ready behind Docker’s proxy is tested again', async () => {
    let isReady = false;
    const http2 = grpc();
    const docker = createServer((socket) => (isReady ? http2.emit('connection', socket) : socket.destroy()));
    const { server, at } = await startStrangeTask('late', docker);
    const early = await arrive(service('late', server));
    isReady = true;

    expect(early.report).not.toHaveProperty('foreign');
    expect((await instance.sync(0)).report).toMatchObject({ foreign: named('late', at, 'HTTP/2 only') });
  });

  it('that speaks HTTP/1.1 is not named, even if it refuses every request', async () => {
    const strange: string[] = [];
    const server = createHttp((_, response) => response.writeHead(404).end());
    server.on('clientError', (error: Error & { rawPacket?: Buffer }, socket) => {
      if (error.rawPacket) strange.push(error.rawPacket.toString('hex'));
      socket.destroy();
    });
    const closed = await startStrangeTask('closed', server);
    const outcome = await arrive(service('closed', closed.server));
    await isUp('closed');
    expect(await visits('closed')).toStrictEqual(['404', '404', '404']);

    const reports = [outcome, await instance.sync(0), await instance.sync(0)].map(({ report }) => report);

    for (const report of reports) expect(report).not.toHaveProperty('foreign');
    expect(strange.length).toBeLessThanOrEqual(1);
  });
});

it('a task with an HTTP check that speaks HTTP/2 only is named as down too, whatever code HAProxy gives', async () => {
  const { server, at } = await startStrangeTask('strange', grpc());
  const { report: first } = await arrive(service('strange', server, { labels: { check: '/health' } }));
  let report: Record<string, unknown> = {};
  await until(async () => {
    ({ report } = await instance.sync(0));
    return 'down' in report;
  });

  const check = expect.stringMatching(/^(L7RSP|L7TOUT|SOCKERR|INI)$/) as string;
  expect(first).toMatchObject({ foreign: named('strange', at, 'HTTP/2 only') });
  expect(report).toMatchObject({
    down: { count: 1, servers: [{ backend: 'default.strange', name: 'strange', at, check }] },
    foreign: named('strange', at, 'HTTP/2 only'),
  });
});

describe('law 2: the cache of protocols', () => {
  it('avoids a second test of a task, and may be lost or damaged', async () => {
    const { server, at } = await startStrangeTask('strange', grpc());
    await arrive(service('strange', server));
    const heard = readFileSync(memory(), 'utf8');
    expect(heard).toContain('HTTP/2');

    writeFileSync(memory(), heard.replace(/"HTTP\/2[^"]*"/, '"silent"'));
    expect((await instance.sync(0)).report).not.toHaveProperty('foreign');
    const damages = ['{', '[]', '{"a":1}', 'null', 'gone', 'folder', 'pipe'];
    for (const damage of damages) {
      rmSync(memory());
      if (damage === 'folder') mkdirSync(join(memory(), 'folder'), { recursive: true });
      else if (damage === 'pipe') execFileSync('mkfifo', [memory()]);
      else if (damage !== 'gone') writeFileSync(memory(), damage);

      const { report } = await instance.sync(0);

      expect([damage, report]).toMatchObject([damage, { foreign: named('strange', at, 'HTTP/2 only') }]);
      expect(readFileSync(memory(), 'utf8')).toBe(heard);
    }
  });

  it('forgets a task that left, and tests each new one', async () => {
    const first = await startStrangeTask('first', grpc());
    const second = await startStrangeTask('second', grpc());
    await arrive(service('strange', first.server));

    const { report } = await instance.sync(instance.publish([service('strange', second.server)]));

    expect(report).toMatchObject({ foreign: { count: 1, servers: [{ name: 'second', at: second.at }] } });
    expect(readFileSync(memory(), 'utf8')).not.toContain(first.at);
  });
});

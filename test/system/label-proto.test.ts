import { createServer as createHttp } from 'node:http';
import { createServer as createHttp2, type IncomingHttpHeaders } from 'node:http2';
import type { Server as NetServer } from 'node:net';

import { conditionHolds } from '../../scripts/real/haproxy';
import { type Client, greeterClients, grpc, type Metadata, type Stream, startGreeter } from './greeter';
import { ask, backend, listen } from './haproxy-tasks';
import { startStrangeTask } from './strange-tasks';
import { host, instance, standForAll } from './sync-stand';
import { until } from './until';

const reached: IncomingHttpHeaders[] = [];
const site = () =>
  createHttp2((request, response) => {
    if (request.headers['user-agent'] !== 'sluice') reached.push(request.headers);
    response.writeHead(request.headers['user-agent'] === 'sluice' ? 204 : 200).end(`by ${request.httpVersion}`);
  }) as unknown as NetServer;

const rpc = (more = {}) => ({ labels: { proto: 'h2c', ...more } });
let greeter: Awaited<ReturnType<typeof startGreeter>>;
let clients: readonly Client[] = [];

standForAll(async () => {
  greeter = await startGreeter();
  const web = await listen('site', site());
  const routes = (path: string) => ({ routes: [{ host: '*', path, since: 1 }] });
  const start = (servers: boolean) => [
    backend(servers ? [greeter.server] : [], { ...rpc(), name: 'default.greeter' }),
    backend([web.server], {
      ...rpc({ check: '/health', 'check.status': '204' }),
      ...routes('/site'),
      name: 'default.site',
    }),
  ];
  await instance.syncHere(instance.publish(start(false)));
  await instance.startHaproxy();
  expect((await instance.sync(instance.publish(start(true)))).report).not.toHaveProperty('foreign');
  for (const name of ['greeter', 'site'])
    await until(async () => (await instance.status(`default.${name}`, name)) === 'UP');
  clients = greeterClients(host);
});
afterAll(() => {
  for (const client of clients) client.close();
  greeter.stop();
});

describe.each([
  ['in clear text', 0],
  ['over TLS', 1],
])('gRPC %s', (_, index) => {
  const greet = (name: string) =>
    new Promise((resolve) => {
      const seen: Record<string, unknown> = {};
      clients[index]
        ?.greet(Buffer.from(name), (_error, value) => (seen.value = `${value}`))
        .on('status', ({ code, details, metadata }: { code: number; details: string; metadata: Metadata }) =>
          resolve({ ...seen, code, details, spent: metadata.get('x-spent') }),
        );
    });

  it('answers a call, with its status and trailers', async () => {
    expect(await greet('you')).toStrictEqual({ value: 'hello you', code: 0, details: 'OK', spent: ['3'] });
  });

  it('answers a call by an error of its own', async () => {
    expect(await greet('nobody')).toMatchObject({ code: grpc.status.NOT_FOUND, details: 'no such name' });
  });

  it('streams in both directions', async () => {
    const stream = clients[index]?.chat() as Stream;
    const heard: string[] = [];
    const ended = new Promise((resolve) => stream.on('status', ({ code }: { code: number }) => resolve(code)));
    stream.on('data', (message: Buffer) => {
      if (heard.push(`${message}`) < 3) stream.write(Buffer.from(`${message}`));
      else stream.end();
    });
    stream.write(Buffer.from('a'));

    expect([await ended, heard]).toStrictEqual([0, ['a!', 'a!!', 'a!!!']]);
  });
});

it('a path check passes over HTTP/2, and HTTP/1.1 clients are served', async () => {
  expect(await ask(host, { path: '/site', headers: { TE: 'trailers', 'X-SSL': '1' } })).toBe('200 by 2.0');
  expect(reached).toMatchObject([{ te: 'trailers', 'x-ssl': '0', 'x-forwarded-proto': 'http' }]);
});

it('hundreds of calls leave no idle connection', async () => {
  for (let n = 0; n < 30; n++)
    await Promise.all(Array.from({ length: 10 }, () => ask(host, { path: '/site', method: 'POST' })));
  const [columns = '', ...rows] = (await instance.worker('show servers conn default.site')).split('\n');
  const column = columns.replace(/^# /, '').split(' ').indexOf('idle_cur');
  const idle = rows.filter((row) => row.includes('/site')).map((row) => row.split(' ')[column]);

  expect(idle).toStrictEqual(['0']);
});

/** From here on HAProxy counts a request as sent before its connection is established: see docs/limits.md. */
const sendsEarly = conditionHolds('version_atleast(3.2.10)');

it('a GET to a port that has just closed goes to another task, and before HAProxy 3.2.10 a POST too', async () => {
  const begun: unknown[] = [];
  const task = (name: string) =>
    listen(
      name,
      createHttp2((request, response) => {
        if (request.headers['user-agent'] !== 'sluice') begun.push(request.headers['x-call']);
        response.end();
      }) as unknown as NetServer,
    );
  const [gone, well] = [await task('gone'), await task('well')];
  const shape = { ...rpc({ check: '/health' }), name: 'default.closing' };
  await instance.sync(instance.publish([backend([gone.server, well.server], shape)]));
  for (const name of ['gone', 'well'])
    await until(async () => (await instance.status('default.closing', name)) === 'UP');
  gone.stop();
  const answersTo = async (method: string, calls = ['1', '2', '3', '4', '5', '6']) => {
    const answers: string[] = [];
    for (const call of calls) answers.push(await ask(host, { method, headers: { 'X-Call': `${method} ${call}` } }));
    return [...new Set(answers.map((answer) => answer.slice(0, 3)))].sort();
  };
  const answers = { GET: await answersTo('GET'), POST: await answersTo('POST') };

  expect(answers).toStrictEqual({ GET: ['200'], POST: sendsEarly ? ['200', '502'] : ['200'] });
  expect(begun).toStrictEqual([...new Set(begun)]);
});

it('a task that speaks no HTTP/2 is named', async () => {
  const old = await startStrangeTask(
    'old',
    createHttp((_, response) => response.end()),
  );
  const generation = instance.publish([backend([old.server], { ...rpc(), name: 'default.old' })]);
  await instance.sync(generation);
  await until(async () => (await instance.status('default.old', 'old')) === 'UP');
  for (let n = 0; n < 3; n++) expect(await ask(host)).toMatch(/^50[23]/);

  expect((await instance.sync(0)).report).toMatchObject({
    foreign: { count: 1, servers: [{ name: 'old', speaks: 'HTTP/1.1' }] },
  });
});

import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { Agent, createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { startLoad } from '../../scripts/demo/load';
import { type Visit, visit } from '../../scripts/demo/visit';
import { selfSigned } from '../system/haproxy-instance';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function serve(listener: RequestListener): Promise<{ origin: string; connections: () => number }> {
  let connections = 0;
  const server = createServer(listener).listen(0, '127.0.0.1');
  server.on('connection', () => connections++);
  stops.push(() => server.close());
  await once(server, 'listening');
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => connections };
}

describe('visit', () => {
  const agent = new Agent();
  const plan = { id: 'r1', kind: 'kept', method: 'GET', path: '/' } as const;
  const timeless = ({ start, end, ...rest }: Visit) => rest;
  const { path: _, ...planned } = plan;

  it('sends its id, and tells who answered', async () => {
    const { origin } = await serve((request, response) => {
      response.setHeader('x-task', String(request.headers['x-demo-request'] === 'r1'));
      response.end('hello');
    });

    expect(timeless(await visit(origin, plan, agent))).toStrictEqual({ ...planned, status: 200, task: 'true' });
  });

  it('counts an answer that breaks off as none, and still tells who had begun it', async () => {
    const { origin } = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': 100, 'x-task': 'aaaa' });
      response.write('half', () => response.socket?.destroy());
    });

    expect(timeless(await visit(origin, plan, agent))).toStrictEqual({
      ...planned,
      status: 200,
      task: 'aaaa',
      error: 'the answer broke off: aborted',
    });
  });

  it('repeats nothing when the connection closes without an answer', async () => {
    const { origin, connections } = await serve((request) => request.socket.destroy());

    expect(timeless(await visit(origin, plan, agent))).toStrictEqual({ ...planned, error: 'socket hang up' });
    expect(connections()).toBe(1);
  });
});

/** A load that ends with its test, and fails it where its process fails. */
function loadOf(origin: string) {
  const visits: Visit[] = [];
  const load = startLoad(
    origin,
    (more) => visits.push(...more),
    (error) => stops.push(() => Promise.reject(error)),
  );
  stops.push(load.stop);
  return { load, visits };
}

describe('startLoad', () => {
  it('sends at its rate from another process, reusing most connections, until every request has ended', async () => {
    const { origin, connections } = await serve((request, response) => {
      setTimeout(() => response.end(), request.url?.startsWith('/slow') ? 200 : 0);
    });
    const { load, visits } = loadOf(origin);

    load.rate(200);
    await sleep(2_000);
    await load.finish();

    expect(visits.length).toBeGreaterThan(100);
    expect(visits.filter(({ status }) => status !== 200)).toStrictEqual([]);
    expect(connections()).toBeLessThan(visits.length / 2);
  });

  it('sends half of them by HTTPS once it is told how', async () => {
    const pem = selfSigned('sluice.test');
    const { origin } = await serve((_request, response) => void response.end());
    const server = createSecureServer({ key: pem, cert: pem }, (_, response) => void response.end()).listen(0);
    stops.push(() => server.close());
    await once(server, 'listening');
    const { load, visits } = loadOf(origin);

    load.rate(200);
    await sleep(1_500);
    load.secure({ host: 'sluice.test', port: (server.address() as AddressInfo).port, root: pem });
    await sleep(1_500);
    await load.finish();

    const secure = visits.filter((each) => each.secure);
    expect(visits.filter(({ status }) => status !== 200)).toStrictEqual([]);
    expect(new Set(secure.map(({ serial }) => serial))).toStrictEqual(new Set([new X509Certificate(pem).serialNumber]));
    expect(secure.length).toBeGreaterThan(50);
    expect(secure.length).toBeLessThan(visits.length / 2);
  });

  it('can be stopped before its process has come up', async () => {
    const deaths: Error[] = [];
    const load = startLoad(
      'http://127.0.0.1:9',
      () => undefined,
      (error) => deaths.push(error),
    );

    await load.stop();

    expect(deaths).toStrictEqual([]);
  });
});

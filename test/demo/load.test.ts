import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { Agent, createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { startLoad } from '../../scripts/demo/load';
import { holdOpen, type Secure, secureOrigin, shownBy, trusting } from '../../scripts/demo/secure';
import { type Visit, visit } from '../../scripts/demo/visit';
import { selfSigned, until } from '../system/haproxy-instance';

jest.setTimeout(30_000);

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const [pem, other] = [selfSigned('sluice.test'), selfSigned('sluice.test')];
const serial = (of: string): string => new X509Certificate(of).serialNumber;

/** The same answers by HTTP and by HTTPS. */
async function serve(listener: RequestListener) {
  const [plain, secure] = [createServer(listener), createSecureServer({ key: pem, cert: pem }, listener)];
  const connections: number[] = [];
  for (const server of [plain, secure]) {
    server.on('connection', () => connections.push(1));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    stops.push(() => server.close().closeAllConnections());
  }
  const port = (server: typeof plain | typeof secure) => (server.address() as AddressInfo).port;
  const trusted: Secure = { host: 'sluice.test', port: port(secure), root: pem };
  return { origin: `http://127.0.0.1:${port(plain)}`, secure: trusted, server: secure, connections };
}
const echo: RequestListener = (request, response) => void request.pipe(response);
const plan = { id: 'r1', kind: 'kept', method: 'GET', path: '/' } as const;

describe('a visit', () => {
  it.each<[string, RequestListener, Partial<Visit>]>([
    [
      'reports which task answered the request with its id',
      ({ headers }, response) => response.setHeader('x-task', `${headers['x-demo-request']}`).end('hello'),
      { status: 200, task: 'r1' },
    ],
    [
      'counts an answer that breaks off as none',
      (_, response) => {
        response.writeHead(200, { 'content-length': 100, 'x-task': 'aaaa' });
        response.write('half', () => response.socket?.destroy());
      },
      { status: 200, task: 'aaaa', error: 'the answer broke off: aborted' },
    ],
    ['is not repeated when the connection closes', ({ socket }) => socket.destroy(), { error: 'socket hang up' }],
  ])('%s', async (_, listener, outcome) => {
    const { origin, connections } = await serve(listener);

    const { start, end, id, kind, method, ...rest } = await visit(origin, plan, new Agent());

    expect(rest).toStrictEqual(outcome);
    expect(connections).toHaveLength(1);
  });

  it.each([
    ['another authority', {}, other, /self-signed certificate/],
    ['another name', { host: 'elsewhere.test' }, pem, /elsewhere.test. is not in the cert/],
  ])('by HTTPS fails when the certificate is of %s', async (_, more, root, fault) => {
    const secure = { ...(await serve(echo)).secure, ...more, root };

    expect(await visit(secureOrigin(secure), { ...plan, secure: true }, trusting(secure, {}))).toMatchObject({
      error: expect.stringMatching(fault),
    });
    await expect(shownBy(secure)).rejects.toThrow(fault);
  });

  it('by HTTPS reports the certificate that each new connection is shown', async () => {
    const { server, secure } = await serve(echo);
    const both = { ...secure, root: pem + other };
    const agent = trusting(both, { keepAlive: false });
    const shown = async () => (await visit(secureOrigin(both), { ...plan, secure: true }, agent)).serial;
    const before = await shown();

    server.setSecureContext({ key: other, cert: other });

    expect([before, await shown()]).toStrictEqual([serial(pem), serial(other)]);
    expect((await shownBy(both)).serialNumber).toBe(serial(other));
  });
});

it('holdOpen fails when the connection was closed between two requests', async () => {
  const finish = holdOpen((await serve((_, response) => response.setHeader('connection', 'close').end())).secure);
  await sleep(300);

  await expect(finish()).rejects.toThrow(/^a kept connection ended after 1 requests/);
});

describe('startLoad', () => {
  it('sends at its rate from another process, half of it by HTTPS when told so, until every request has ended', async () => {
    const { origin, secure } = await serve((_, response) => void response.end());
    const visits: Visit[] = [];
    const load = startLoad(
      origin,
      (more) => visits.push(...more),
      (error) => stops.push(() => Promise.reject(error)),
    );
    stops.push(load.stop);

    const shown = () => visits.flatMap((each) => (each.secure ? [each.serial] : []));

    load.rate(200);
    await until(async () => visits.length > 50);
    load.secure(secure);
    await until(async () => shown().length > 50);
    await load.finish();

    expect(visits.filter(({ status }) => status !== 200)).toStrictEqual([]);
    expect(new Set(shown())).toStrictEqual(new Set([serial(pem)]));
  });
});

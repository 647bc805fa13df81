import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { holdOpen } from '../../scripts/demo/held-open';
import { type Secure, secureOrigin, shownBy, trusting } from '../../scripts/demo/secure';
import { visit } from '../../scripts/demo/visit';
import { selfSigned } from '../system/haproxy-instance';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const [pem, other] = [selfSigned('sluice.test'), selfSigned('sluice.test')];
const serial = (of: string): string => new X509Certificate(of).serialNumber;

async function serve(listener: RequestListener) {
  const server = createServer({ key: pem, cert: pem }, listener).listen(0, '127.0.0.1');
  stops.push(() => server.close());
  stops.push(() => server.closeAllConnections());
  await once(server, 'listening');
  const secure: Secure = { host: 'sluice.test', port: (server.address() as AddressInfo).port, root: pem };
  return { server, secure };
}
const echo: RequestListener = (request, response) => void request.pipe(response);

describe('a visit by HTTPS', () => {
  const plan = { id: 'r1', kind: 'kept', method: 'GET', path: '/', secure: true } as const;
  const visitBy = (secure: Secure, root = secure.root) => {
    const agent = trusting({ ...secure, root }, { keepAlive: true });
    stops.push(() => agent.destroy());
    return visit(secureOrigin(secure), plan, agent);
  };

  it('asks for the name, and tells which certificate it was shown', async () => {
    const { secure } = await serve((request, response) => {
      response.setHeader('x-task', String(request.headers.host));
      response.end();
    });

    expect(await visitBy(secure)).toMatchObject({
      status: 200,
      task: `sluice.test:${secure.port}`,
      serial: serial(pem),
    });
  });

  it.each([
    ['another authority', {}, other, /self-signed certificate/],
    ['another name', { host: 'elsewhere.test' }, pem, /elsewhere.test. is not in the cert/],
  ])('fails when the certificate is of %s', async (_, more, root, fault) => {
    const { secure } = await serve(echo);

    const { status, error } = await visitBy({ ...secure, ...more }, root);

    expect(status).toBeUndefined();
    expect(error).toMatch(fault);
    await expect(shownBy({ ...secure, ...more, root })).rejects.toThrow(fault);
  });

  it('sees on each new connection what is served now', async () => {
    const { server, secure } = await serve(echo);
    const both = { ...secure, root: pem + other };
    const agent = trusting(both, { keepAlive: false });
    const shown = async () => (await visit(secureOrigin(both), plan, agent)).serial;
    const before = await shown();

    server.setSecureContext({ key: other, cert: other });

    expect([before, await shown()]).toStrictEqual([serial(pem), serial(other)]);
    expect((await shownBy(both)).serialNumber).toBe(serial(other));
  });
});

describe('holdOpen', () => {
  it('uses one connection again, and downloads on another while it still sends', async () => {
    let connections = 0;
    const { server, secure } = await serve(echo);
    server.on('secureConnection', () => connections++);

    const finish = holdOpen(secure);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { requests, bytes } = await finish();

    expect([requests, connections]).toStrictEqual([2, 2]);
    expect(bytes).toBeGreaterThanOrEqual(2 * 4_096);
  });

  it.each<[string, RequestListener, RegExp]>([
    [
      'the kept connection was closed between two requests',
      (request, response) => {
        if (request.method === 'GET') response.setHeader('connection', 'close');
        request.pipe(response);
      },
      /^a kept connection ended after 1 requests/,
    ],
    [
      'an answer is no good',
      (request, response) => {
        if (request.method === 'GET') response.statusCode = 503;
        request.pipe(response);
      },
      /^on a kept connection the answer was 503/,
    ],
    [
      'the download broke off',
      (request, response) => {
        if (request.method === 'POST')
          request.once('data', () => response.write('half', () => request.socket.destroy()));
        else response.end();
      },
      /aborted|ECONNRESET|EPIPE/,
    ],
  ])('fails when %s', async (_, listener, fault) => {
    const { secure } = await serve(listener);

    const finish = holdOpen(secure);
    await new Promise((resolve) => setTimeout(resolve, 300));

    await expect(finish()).rejects.toThrow(fault);
  });
});

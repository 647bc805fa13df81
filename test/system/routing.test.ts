import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request as requestTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { render } from '../../lib/haproxy/render';
import { type Instance, startInstance, until } from './haproxy-instance';
import { backend } from './haproxy-tasks';

jest.setTimeout(30_000);

type Answer = { status: number; body: string; headers: IncomingHttpHeaders };
type Seen = { task: string; method: string; headers: IncomingHttpHeaders };

let instance: Instance;
const seen: Seen[] = [];
const closers: (() => void)[] = [];

/** A task that remembers what it was asked, and answers with its name unless told how. */
async function echo(task: string, answer: (seen: Seen) => number | undefined = () => 200) {
  const server = createServer((incoming, response) => {
    const { method = '', headers } = incoming;
    seen.push({ task, method, headers });
    const status = answer({ task, method, headers });
    if (status === undefined) incoming.socket.destroy();
    else response.writeHead(status).end(task);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close().closeAllConnections());
  return { name: task, address: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

const ask = (
  host: string,
  path: string,
  given: { method?: string; headers?: Record<string, string>; tls?: boolean } = {},
) =>
  new Promise<Answer>((resolve, reject) => {
    const { method = 'GET', headers = {}, tls = false } = given;
    const target = { host: instance.host, path, method, headers: { ...headers, Host: host }, agent: false };
    const sent = tls
      ? requestTls({ ...target, port: 10443, servername: 'stand-in.invalid', rejectUnauthorized: false })
      : request({ ...target, port: 10080 });
    sent.on('error', reject).on('response', (response) => {
      let body = '';
      response.on('data', (text) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    });
    sent.end();
  });

const service = (name: string, routes: string[], server?: Awaited<ReturnType<typeof echo>>, check = 'tcp') =>
  backend(server ? [server] : [], {
    name: `demo.${name}`,
    service: name,
    check,
    routes: routes.map((route) => ({
      host: route.slice(0, route.indexOf('/')),
      path: route.slice(route.indexOf('/')),
      since: 1,
    })),
  });

beforeAll(async () => {
  instance = await startInstance();
  // Like a Django site with ALLOWED_HOSTS and SECURE_SSL_REDIRECT: another host or scheme is not its business.
  const strict = ({ headers }: Seen) =>
    headers.host === 'strict.example' && headers['x-forwarded-proto'] === 'https' ? 200 : 400;
  const flaky = ({ headers }: Seen) => (headers['user-agent'] === 'sluice' ? 200 : undefined);
  const backends = [
    service('shop', ['shop.example/', '*.shop.example/'], await echo('shop')),
    service('api', ['shop.example/api'], await echo('api')),
    service('v2', ['shop.example/api/v2'], await echo('v2')),
    service('idle', ['idle.example/']),
    service('strict', ['strict.example/'], await echo('strict', strict), '/health'),
    service('flaky', ['flaky.example/'], await echo('flaky', flaky), '/health'),
    service('secure', ['secure.example/', 'a.secure.example/'], await echo('secure')),
  ];
  await instance.sync(instance.publishFiles(render({ backends, certified: ['secure.example', '*.secure.example'] })));
  await instance.startHaproxy();
  for (const name of ['shop', 'api', 'v2', 'strict', 'flaky', 'secure']) {
    await until(async () => (await instance.status(`demo.${name}`, name)) === 'UP');
  }
});
afterAll(async () => {
  await instance.stop();
  for (const close of closers) close();
});

describe('routing', () => {
  it.each([
    ['shop.example', '/', 'shop'],
    ['SHOP.example:8080', '/', 'shop'],
    ['www.shop.example', '/api', 'shop'],
    ['shop.example', '/api', 'api'],
    ['shop.example', '/api/', 'api'],
    ['shop.example', '/api?x=/v2', 'api'],
    ['shop.example', '/api/v2/orders', 'v2'],
    ['shop.example', '/api/v20', 'api'],
    ['shop.example', '/apix', 'shop'],
  ])('%s%s leads to %s', async (host, path, task) => {
    expect(await ask(host, path)).toMatchObject({ status: 200, body: task });
  });

  it.each([
    ['an unknown host', 'nobody.example', 404, 'No service answers to this name and path.'],
    ['a host that only ends alike', 'myshop.example', 404, 'No service answers'],
    ['a service without tasks', 'idle.example', 503, 'No task of this service can answer at the moment.'],
  ])('%s gets a plain page', async (_, host, status, sentence) => {
    const answer = await ask(host, '/');

    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.body).toContain(sentence);
  });

  it('redirects to HTTPS only where a certificate covers the host, and keeps path and query', async () => {
    expect(await ask('secure.example', '/a?b=c')).toMatchObject({
      status: 308,
      headers: { location: 'https://secure.example/a?b=c' },
    });
    expect(await ask('Secure.example:80', '/')).toMatchObject({ headers: { location: 'https://secure.example/' } });
    expect(await ask('a.secure.example', '/')).toMatchObject({ status: 308 });
    expect(await ask('b.a.secure.example', '/')).toMatchObject({ status: 404 });
    expect(await ask('shop.example', '/')).toMatchObject({ status: 200 });
    expect(await ask('secure.example', '/', { tls: true })).toMatchObject({ status: 200, body: 'secure' });
  });
});

describe('headers', () => {
  const spoofed = {
    'X-Forwarded-For': '6.6.6.6',
    X_Forwarded_For: '6.6.6.6',
    'x-forwarded-proto': 'gopher',
    'X-Forwarded-Host': 'evil.example',
    Forwarded: 'for=6.6.6.6',
    'X-Real-IP': '6.6.6.6',
    'X-SSL': '1',
    X_SSL: '1',
    'X-Request-Id': 'evil',
    Proxy: 'http://evil.example',
    Connection: 'close, X-Forwarded-For, X-SSL',
  };
  const trusted = (headers: IncomingHttpHeaders) =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => /^(x|forwarded|proxy|connection)/.test(name)));

  it.each([
    ['HTTP', false, 'http', '0'],
    ['HTTPS', true, 'https', '1'],
  ])('say where a request came from by %s, whatever the client claims', async (_, tls, scheme, ssl) => {
    await ask('shop.example', '/', { headers: spoofed, tls });

    expect(trusted(seen.at(-1)?.headers ?? {})).toStrictEqual({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': scheme,
      'x-ssl': ssl,
      'x-request-id': expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    });
  });

  it('do not pass on how long the task keeps connections, for the proxy has its own patience', async () => {
    expect((await ask('shop.example', '/', { headers: { connection: 'keep-alive' } })).headers).not.toHaveProperty(
      'keep-alive',
    );
  });

  it('let a check pass that only the right host by HTTPS may', async () => {
    await until(async () => (await instance.status('demo.strict', 'strict')) === 'UP');

    expect(await ask('strict.example', '/', { tls: true })).toMatchObject({ status: 200 });
  });
});

describe('retries', () => {
  const executions = async (method: string) => {
    await until(async () => (await instance.status('demo.flaky', 'flaky')) === 'UP');
    const before = seen.length;
    await ask('flaky.example', '/', { method }).catch(() => undefined);
    return seen.slice(before).filter(({ task, headers }) => task === 'flaky' && headers['user-agent'] !== 'sluice')
      .length;
  };

  it('repeat a GET whose task broke off, at most on three', async () => {
    expect(await executions('GET')).toBe(3);
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH'])('never repeat a %s', async (method) => {
    expect(await executions(method)).toBe(1);
  });
});

describe('TLS', () => {
  it('speaks HTTP/2', async () => {
    const session = connectHttp2(`https://${instance.host}:10443`, { rejectUnauthorized: false });
    const stream = session.request({ ':path': '/', ':authority': 'shop.example' });
    const status = await new Promise((resolve) => stream.on('response', (headers) => resolve(headers[':status'])));
    session.destroy();

    expect(status).toBe(200);
  });

  it.each([
    ['TLSv1.1', false],
    ['TLSv1.2', true],
    ['TLSv1.3', true],
  ] as const)('%s: %s', async (version, taken) => {
    const shaken = await new Promise((resolve) => {
      const options = {
        host: instance.host,
        port: 10443,
        rejectUnauthorized: false,
        minVersion: version,
        maxVersion: version,
        ciphers: 'DEFAULT@SECLEVEL=0',
      };
      const socket = connectTls(options, () => resolve(true)).on('error', () => resolve(false));
      setTimeout(() => socket.destroy(), 1_000).unref();
    });

    expect(shaken).toBe(taken);
  });
});

it('shows statistics and metrics on loopback only', async () => {
  const files = render({ backends: [], certified: [] });
  const read = (path: string) =>
    new Promise<string>((resolve, reject) => {
      request({ host: instance.host, port: 10404, path, agent: false }, (response) => {
        let body = '';
        response.on('data', (text) => (body += text)).on('end', () => resolve(body));
      })
        .on('error', reject)
        .end();
    });

  expect(files[1]?.text).toContain('bind "${SLUICE_STATISTICS-127.0.0.1:8404}"');
  expect(await read('/')).toContain('Statistics Report');
  expect(await read('/metrics')).toContain('haproxy_server_status{proxy="demo.shop",server="shop",state="UP"} 1');
});

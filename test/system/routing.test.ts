import type { IncomingMessage } from 'node:http';

import { render } from '../../lib/haproxy/render';
import { door, doorForAll } from './edge';

/** `strict` is like a Django site with ALLOWED_HOSTS and SECURE_SSL_REDIRECT; `flaky` closes on whatever is no check. */
const answer = (task: string, { headers }: IncomingMessage) => {
  if (task === 'strict')
    return headers.host === 'strict.example' && headers['x-forwarded-proto'] === 'https' ? 200 : 400;
  return task === 'flaky' && headers['user-agent'] !== 'sluice' ? 'closes' : 200;
};

const services = {
  ...{ shop: 'shop.example *.shop.example', api: 'shop.example/api', v2: 'shop.example/api/v2', idle: 'idle.example' },
  ...{ strict: 'strict.example', flaky: 'flaky.example', secure: 'secure.example a.secure.example' },
};
const certified = ['secure.example', '*.secure.example'];
doorForAll(services, { certified, labels: { strict: { check: '/health' }, flaky: { check: '/health' } }, answer });

const status = (text: string): number => Number(/^HTTP\/1\.1 (\d+) /.exec(text)?.[1]);

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
    expect(await door.get(host, path)).toMatch(/^HTTP\/1\.1 200 /);
    expect(door.routes()).toStrictEqual([`${task} ${path}`]);
  });

  it.each([
    ['an unknown host', 'nobody.example', 404, 'No service answers to this name and path.'],
    ['a host that only ends alike', 'myshop.example', 404, 'No service answers'],
    ['a service without tasks', 'idle.example', 503, 'This site is temporarily unavailable.'],
  ])('%s gets a plain page', async (_, host, code, sentence) => {
    const page = await door.get(host);

    expect([status(page), /content-type: text\/html; charset=utf-8\r/.test(page)]).toStrictEqual([code, true]);
    expect(page).toContain(sentence);
  });

  it.each([
    ['secure.example', '/a?b=c', 308, 'https://secure.example/a?b=c'],
    ['Secure.example:80', '/', 308, 'https://secure.example/'],
    ['a.secure.example', '/', 308, 'https://a.secure.example/'],
    ['b.a.secure.example', '/', 404, undefined],
    ['tls:secure.example', '/', 200, undefined],
  ])('redirects to HTTPS only where a certificate covers the host: %s%s', async (host, path, code, location) => {
    const text = await door.get(host, path);

    expect([status(text), /\r\nlocation: (.*)\r/.exec(text)?.[1]]).toStrictEqual([code, location]);
  });
});

it('headers do not pass on how long the task keeps connections, because the proxy decides for its own', async () => {
  expect(await door.get('shop.example', '/', ['Connection: keep-alive'])).not.toMatch(/\r\nkeep-alive:/i);
});

it('headers let a check pass at a task that accepts only its host by HTTPS', async () => {
  await door.isUp('strict');

  expect(status(await door.get('tls:strict.example'))).toBe(200);
});

describe('retries', () => {
  const executions = async (method: string) => {
    await door.isUp('flaky');
    await door.get('flaky.example', '/', ['Content-Length: 0'], method);
    return door.reached().filter(({ task }) => task === 'flaky').length;
  };

  it('repeat a GET whose task broke off, on three tasks at most', async () => {
    expect(await executions('GET')).toBe(3);
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH'])('never repeat a %s', async (method) => {
    expect(await executions(method)).toBe(1);
  });
});

it('shows statistics and metrics on loopback only', async () => {
  const read = (path: string) => fetch(`http://${door.instance.host}:10404${path}`).then((answer) => answer.text());
  const [, sluice] = render({ backends: [], certified: [] });

  expect(sluice?.text).toContain('bind "${SLUICE_STATISTICS-127.0.0.1:8404}"');
  expect(await read('/')).toContain('Statistics Report');
  expect(await read('/metrics')).toContain('haproxy_server_status{proxy="demo.shop",server="shop",state="UP"} 1');
});

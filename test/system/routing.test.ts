import type { IncomingMessage } from 'node:http';

import { render } from '../../lib/haproxy/render';
import { door, doorForAll } from './edge';

/** `strict` is like a Django site with ALLOWED_HOSTS and SECURE_SSL_REDIRECT; `flaky` closes on whatever is no check. */
const answer = (task: string, { headers }: IncomingMessage) => {
  if (task === 'strict')
    return headers.host === 'strict.example' && headers['x-forwarded-proto'] === 'https' ? 200 : 400;
  return task === 'flaky' && headers['user-agent'] !== 'sluice' ? 'closes' : 200;
};

const services = { shop: 'shop.example', idle: 'idle.example', strict: 'strict.example', flaky: 'flaky.example' };
doorForAll(services, { labels: { strict: { check: '/health' }, flaky: { check: '/health' } }, answer });

const status = (text: string): number => Number(/^HTTP\/1\.1 (\d+) /.exec(text)?.[1]);

it.each([
  ['an unknown host', 'nobody.example', 404, 'Nothing is served at this name and path.'],
  ['a service without tasks', 'idle.example', 503, 'This site is temporarily unavailable.'],
])('%s gets a plain page', async (_, host, code, sentence) => {
  const page = await door.get(host);

  expect([status(page), /content-type: text\/html; charset=utf-8\r/.test(page)]).toStrictEqual([code, true]);
  expect(page).toContain(sentence);
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

  it('repeat a GET whose task broke off, on four tasks at most', async () => {
    expect(await executions('GET')).toBe(4);
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

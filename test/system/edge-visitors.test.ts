import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';

import { door, doorForAll } from './edge';
import { ask } from './haproxy-tasks';

const recipe = readFileSync(join(__dirname, '../../docs/behind-a-cdn.md'), 'utf8');
const documented = Array.from(recipe.matchAll(/^ {4}- ([\d./]+)$/gm), ([, range = '']) => range);
/** The tests come from 127.0.0.1. */
const trustedProxies = ['127.0.0.1/32', '10.0.0.0/8', '2001:db8::/32', ...documented];
const told = { SLUICE_CONNECTIONS_OF_ADDRESS: '4', SLUICE_REQUESTS_OF_ADDRESS: '2' };
const hanging = (_: string, { url }: { url?: string | undefined }) => (url === '/hang' ? 'hangs' : 200);

doorForAll(
  { shop: 'shop.example', inner: 'inner.example' },
  { settings: { trustedProxies }, told, answer: hanging, labels: { inner: { allow: '1.2.3.0/24,2001:db9::/32' } } },
);

const named = (header: string) => ({ host: 'shop.example', 'x-forwarded-for': header });
const from = (header: string, more = {}) => ask(door.instance.host, { headers: named(header), ...more });
const ask2 = (client: ReturnType<typeof door.clearHttp2>, more: object) =>
  client.ask({ ':authority': 'shop.example', ':path': '/', ...more });

/** What the task was told of its visitors, request by request. */
const visitors = () =>
  door.reached().map(({ headers }) => {
    const lines = headers.filter((line) => /^x-forwarded-for:/i.test(line));
    return lines.join(' and ').replace(/^x-forwarded-for: /i, '');
  });

it.each([
  ['1.2.3.4', '1.2.3.4'],
  ['6.6.6.6, 1.2.3.4', '1.2.3.4'],
  ['6.6.6.6, 1.2.3.4:5678', '1.2.3.4'],
  ['6.6.6.6, 2001:db9::7', '2001:db9::7'],
  ['6.6.6.6, 1.2.3.4, 10.1.1.1', '1.2.3.4'],
  ['6.6.6.6, 1.2.3.4, 173.245.48.9', '1.2.3.4'],
  ['6.6.6.6, 1.2.3.4, 2001:db8::1, 10.1.1.1', '1.2.3.4'],
  ['6.6.6.6, 1.2.3.4, 10.3.3.3, 10.2.2.2, 10.1.1.1', '10.3.3.3'],
  ['6.6.6.6, unknown', '127.0.0.1'],
  ['6.6.6.6, unknown, 10.1.1.1', '10.1.1.1'],
  ['6.6.6.6, 1.2.3.4/8', '127.0.0.1'],
  ['6.6.6.6,', '127.0.0.1'],
  ['', '127.0.0.1'],
])('a trusted proxy that sends "%s" has the visitor %s', async (header, visitor) => {
  await from(header);

  expect(visitors()).toStrictEqual([visitor]);
});

it.each([
  ['1.2.3.4', '200 inner'],
  ['2001:db9::7', '200 inner'],
  ['1.2.3.4, 5.6.7.8', '403 Your address has no access here.'],
  ['', '403 Your address has no access here.'],
])('the label `allow` looks at the visitor of "%s": %s', async (header, answer) => {
  const headers = { ...named(header), host: 'inner.example' };

  expect(await ask(door.instance.host, { headers })).toBe(answer);
});

it('two lines of the header are one list', async () => {
  await door.get('shop.example', '/', ['X-Forwarded-For: 6.6.6.6', 'X-Forwarded-For: 1.2.3.4']);

  expect(visitors()).toStrictEqual(['1.2.3.4']);
});

it('from elsewhere the header never counts, in whatever spelling', async () => {
  for (const name of ['x-forwarded-for', 'x_forwarded_for'])
    await ask(door.instance.host, { localAddress: '127.0.0.9', headers: { host: 'shop.example', [name]: '6.6.6.6' } });

  expect(visitors()).toStrictEqual(['127.0.0.9', '127.0.0.9']);
});

it('what a trusted proxy says of the protocol and the host does not count: Sluice saw both', async () => {
  const others = ['X-Forwarded-Proto: https', 'X-Forwarded-Host: evil.example', 'X-Forwarded-For: 1.2.3.4'];
  await door.get('shop.example', '/', others);

  const lines = door.reached()[0]?.headers.filter((line) => /^(x-forwarded|host)/i.test(line)) ?? [];
  const told = lines.map((line) => line.toLowerCase()).sort();
  expect(told).toStrictEqual(['host: shop.example', 'x-forwarded-for: 1.2.3.4', 'x-forwarded-proto: http']);
});

describe('a visitor belongs to one request', () => {
  it('of a kept connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const header of ['1.2.3.4', '', '6.6.6.6, 5.6.7.8', 'unknown']) await from(header, { agent });
    agent.destroy();

    expect(visitors()).toStrictEqual(['1.2.3.4', '127.0.0.1', '5.6.7.8', '127.0.0.1']);
  });

  it('of an HTTP/2 connection, also while others are in progress', async () => {
    const client = door.clearHttp2();
    void ask2(client, { ':path': '/hang', 'x-forwarded-for': '1.2.3.4' });
    for (const header of ['5.6.7.8', undefined]) await ask2(client, header ? { 'x-forwarded-for': header } : {});
    client.close();

    expect(visitors()).toStrictEqual(['1.2.3.4', '5.6.7.8', '127.0.0.1']);
  });
});

describe('limits', () => {
  /** Requests that hang, each on a connection of its own. */
  const hold = (count: number, header: (n: number) => string, localAddress = '127.0.0.1') => {
    const agent = new Agent({ maxSockets: count });
    const headers = (n: number) => named(header(n));
    const asked = Array.from({ length: count }, (_, n) =>
      ask(door.instance.host, { agent, path: '/hang', localAddress, headers: headers(n) }),
    );
    return { asked, end: () => agent.destroy() };
  };
  const arrived = async (count: number) => {
    for (let tries = 0; visitors().length < count && tries < 300; tries++) await new Promise((r) => setTimeout(r, 10));
    expect(visitors()).toHaveLength(count);
  };

  it('a trusted proxy may have more connections than an address', async () => {
    const held = hold(9, (n) => `1.2.3.${n}`);
    await arrived(9);
    held.end();
  });

  it('any other address may not', async () => {
    const held = hold(9, () => '', '127.0.0.9');
    await arrived(4);
    expect(await from('', { localAddress: '127.0.0.9' })).toBe('ECONNRESET');
    held.end();
  });

  it.each([
    ['1.2.3.4', '1.2.3.4', '1.2.3.5'],
    ['2001:db9::1', '2001:db9::2:3', '2001:db9:0:1::1'],
  ])('visitor %s and %s share one share of requests, %s has another', async (one, same, other) => {
    const held = hold(2, () => one);
    await arrived(2);

    expect(await from(same)).toMatch(/^503/);
    expect(await from(other)).toBe('200 shop');
    held.end();
  });

  it('and a visitor above it ends no HTTP/2 connection, which is that of other visitors too', async () => {
    const client = door.clearHttp2();
    const hang = (visitor: string) => ask2(client, { ':path': '/hang', 'x-forwarded-for': visitor });
    void hang('1.2.3.4');
    void hang('1.2.3.4');
    await arrived(2);

    expect(await hang('1.2.3.4')).toMatchObject({ status: 503 });
    expect(await ask2(client, { 'x-forwarded-for': '5.6.7.8' })).toMatchObject({ status: 200 });
    client.close();
  });
});

describe('where a service is over its share, and connections are scarce,', () => {
  const scarce = { SLUICE_REQUESTS_OF_SERVICE: '1', SLUICE_CONNECTIONS_SCARCE: '0' };
  doorForAll(
    { shop: 'shop.example', quiet: 'quiet.example' },
    { settings: { trustedProxies }, told: scarce, answer: hanging },
  );

  it('a trusted proxy keeps its HTTP/2 connection, for the visitors of other services', async () => {
    const client = door.clearHttp2();
    for (const visitor of ['1.2.3.4', '1.2.3.5']) void ask2(client, { ':path': '/hang', 'x-forwarded-for': visitor });

    expect(await ask2(client, { ':path': '/hang', 'x-forwarded-for': '1.2.3.6' })).toMatchObject({ status: 503 });
    expect(await ask2(client, { ':authority': 'quiet.example' })).toMatchObject({ status: 200, body: 'quiet' });
    client.close();
  });
});

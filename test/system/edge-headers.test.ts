import { execFileSync } from 'node:child_process';

import { type Door, openDoor } from './edge';

jest.setTimeout(30_000);

/** From 3.2 on HAProxy can drop a request's trailers. Before, it passes those that were not announced. */
const dropsTrailers = /version (3\.[2-9]|[4-9])/.test(
  execFileSync(process.env.HAPROXY ?? 'haproxy', ['-v'], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    encoding: 'utf8',
  }),
);

let door: Door;
beforeAll(async () => {
  door = await openDoor({ shop: 'shop.example' });
});
afterAll(() => door.close());
beforeEach(() => door.forget());

const told = () =>
  (door.reached()[0]?.headers ?? [])
    .map((line) => line.toLowerCase())
    .filter((line) => /^(x|forwarded|proxy|connection|upgrade|trailer)/.test(line))
    .map((line) => line.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, '<uuid>'))
    .sort();
const ours = ['x-forwarded-for: 127.0.0.1', 'x-forwarded-proto: http', 'x-request-id: <uuid>', 'x-ssl: 0'];

describe('a hop-by-hop list never names our headers', () => {
  it.each([
    'X-SSL, X-Forwarded-For, X-Forwarded-Proto, X-Request-Id',
    'x-upgrade, X-Forwarded-For, X-SSL',
    'close, X-SSL',
    'keep-alive, Upgrade, X-SSL',
    'Upgrade\r\nConnection: X-SSL',
    'X-SSL\r\nUpgrade: h2c\r\nConnection: upgrade',
    'upgradeX-SSL',
    '"X-SSL", X_SSL, x-ssl;upgrade',
  ])('Connection: %s', async (list) => {
    await door.send(`GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: ${list}\r\n\r\n`);

    expect(told()).toStrictEqual(ours);
  });
});

describe('a header that the task trusts is ours alone', () => {
  it.each([
    'X-Forwarded-For',
    'X_Forwarded_For',
    'X-Forwarded_For',
    'x_forwarded-proto',
    'X-Forwarded-Host',
    'X-Forwarded-Port',
    'X-Forwarded-Ssl',
    'X-Forwarded-Anything',
    'X.Forwarded.For',
    'X-Real-IP',
    'X_REAL_IP',
    'Forwarded',
    'Proxy',
    'X-SSL',
    'x_ssl',
    'X~SSL',
    'X-Request-ID',
    'X_Request-Id',
  ])('%s', async (name) => {
    await door.send(`GET / HTTP/1.1\r\nHost: shop.example\r\n${name}: 6.6.6.6\r\n${name}: 6.6.6.7\r\n\r\n`);

    expect(told()).toStrictEqual(ours);
  });

  it('and so by HTTP/2', async () => {
    const client = door.http2();
    await client.ask({
      ...{ ':authority': 'shop.example', ':path': '/', 'x-ssl': '0', x_ssl: '0', 'x-forwarded-for': '6.6.6.6' },
      ...{ 'x-real-ip': '6.6.6.6', x_real_ip: '6.6.6.6', forwarded: 'for=6.6.6.6', 'x-request-id': 'mine' },
    });
    client.close();

    expect(told()).toStrictEqual([
      ...['x-forwarded-for: 127.0.0.1', 'x-forwarded-proto: https', 'x-request-id: <uuid>', 'x-ssl: 1'],
    ]);
  });

  it('while others arrive as they were sent', async () => {
    const theirs = ['Authorization: Bearer a', 'X-Csrf-Token: b', 'X-Sslfoo: c', 'Forwarded-By: d', 'Proxy-Agent: e'];
    await door.send(`GET / HTTP/1.1\r\nHost: shop.example\r\n${theirs.join('\r\n')}\r\n\r\n`);

    expect(door.reached()[0]?.headers.map((line) => line.toLowerCase())).toStrictEqual(
      expect.arrayContaining(theirs.map((line) => line.toLowerCase())),
    );
  });
});

describe('trailers of a request', () => {
  const chunked = (trailer: string, announced = '') =>
    `POST / HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n${announced}\r\n1\r\nx\r\n0\r\n${trailer}\r\n\r\n`;

  it.each(['X-SSL', 'X_Forwarded_For', 'x-forwarded-proto', 'Forwarded', 'X-Real-IP', 'x-request-id', 'Proxy'])(
    'that announce %s never give the task that name',
    async (name) => {
      for (const list of [name, `Digest, ${name}`, `${name},Digest`, `Digest\r\nTrailer: ${name}`]) {
        const answer = await door.send(chunked(`${name}: 1`, `Trailer: ${list}\r\n`));
        expect(answer).toMatch(dropsTrailers ? /^HTTP\/1.1 200 / : /^HTTP\/1.1 400 /);
      }

      expect(door.reached().flatMap(({ trailers }) => trailers)).toStrictEqual([]);
    },
  );

  it.each([
    ['HTTP/1.1', (send: Door) => send.send(chunked('X-SSL: 1'))],
    [
      'HTTP/2',
      (send: Door) => {
        const client = send.http2();
        const headers = { ':method': 'POST', ':authority': 'shop.example', ':path': '/' };
        return client.ask(headers, { trailers: { 'x-ssl': '1' } }).finally(client.close);
      },
    ],
  ])('that announce nothing are dropped by %s where HAProxy can', async (_, send) => {
    await send(door);

    expect(door.reached()).toHaveLength(1);
    expect(door.reached()[0]?.trailers.length).toBe(dropsTrailers ? 0 : 1);
    expect(told()).toStrictEqual(expect.arrayContaining(['x-request-id: <uuid>']));
  });

  it('that announce something else are served', async () => {
    expect(await door.send(chunked('Digest: x', 'Trailer: Digest, X-Sslfoo\r\n'))).toMatch(/^HTTP\/1.1 200 /);
  });
});

it('trailers of an answer stay', async () => {
  const client = door.http2();
  const answer = await client.ask({ ':authority': 'shop.example', ':path': '/rpc', te: 'trailers' });
  client.close();

  expect(answer).toStrictEqual({ status: 200, body: 'shop', trailers: { 'grpc-status': '0' } });
  expect(await door.send('GET /rpc HTTP/1.1\r\nHost: shop.example\r\nTE: trailers\r\n\r\n')).toMatch(
    /0\r\ngrpc-status: 0\r\n\r\n$/i,
  );
});

import { conditionHolds } from '../../scripts/real/haproxy';
import { door, doorForAll } from './edge';

/** Earlier releases pass trailers that were not announced. */
const dropsTrailers = conditionHolds('version_atleast(3.2)');

doorForAll({ shop: 'shop.example' });

/** The headers of the first request that a task may trust, or that speak of the connection. */
const trusted = () =>
  (door.reached()[0]?.headers ?? [])
    .map((line) => line.toLowerCase())
    .filter((line) => /^(x|forwarded|proxy|connection|upgrade|trailer)/.test(line))
    .map((line) => line.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, '<uuid>'))
    .sort();
const ours = ['x-forwarded-for: 127.0.0.1', 'x-forwarded-proto: http', 'x-request-id: <uuid>', 'x-ssl: 0'];
const oursByTls = ['x-forwarded-for: 127.0.0.1', 'x-forwarded-proto: https', 'x-request-id: <uuid>', 'x-ssl: 1'];

it.each([
  'X-SSL, X-Forwarded-For, X-Forwarded-Proto, X-Request-Id',
  'x-upgrade, X-Forwarded-For, X-SSL',
  'close, X-SSL',
  'keep-alive, Upgrade, X-SSL',
  'Upgrade\r\nConnection: X-SSL',
  'X-SSL\r\nUpgrade: h2c\r\nConnection: upgrade',
  'upgradeX-SSL',
  '"X-SSL", X_SSL, x-ssl;upgrade',
])('a hop-by-hop list cannot remove the headers that Sluice sets: Connection: %s', async (list) => {
  await door.get('shop.example', '/', [`Connection: ${list}`]);

  expect(trusted()).toStrictEqual(ours);
});

describe('a header that the task trusts comes from the proxy alone', () => {
  const names =
    'X-Forwarded-For X_Forwarded_For X-Forwarded_For x_forwarded-proto X-Forwarded-Host X-Forwarded-Port X-Forwarded-Ssl ' +
    'X-Forwarded-Anything X.Forwarded.For X-Real-IP X_REAL_IP Forwarded Proxy X-SSL x_ssl X~SSL X-Request-ID X_Request-Id';
  it.each(names.split(' '))('%s', async (name) => {
    await door.get('shop.example', '/', [`${name}: 6.6.6.6`, `${name}: 6.6.6.7`]);

    expect(trusted()).toStrictEqual(ours);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['HTTPS', () => door.get('tls:shop.example', '/', ['X-SSL: 0', 'X_SSL: 0', 'Connection: X-SSL'])],
    [
      'HTTP/2',
      () =>
        door.ask2({
          ...{ 'x-ssl': '0', x_ssl: '0', 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'gopher' },
          ...{ 'x-real-ip': '6.6.6.6', x_real_ip: '6.6.6.6', forwarded: 'for=6.6.6.6', 'x-request-id': 'mine' },
        }),
    ],
  ])('and so by %s', async (_, ask) => {
    await ask();

    expect(trusted()).toStrictEqual(oursByTls);
  });

  it('while others arrive as they were sent', async () => {
    const theirs = ['Authorization: Bearer a', 'X-Csrf-Token: b', 'X-Sslfoo: c', 'Forwarded-By: d', 'Proxy-Agent: e'];
    await door.get('shop.example', '/', theirs);

    const arrived = door.reached()[0]?.headers.map((line) => line.toLowerCase());
    expect(arrived).toStrictEqual(expect.arrayContaining(theirs.map((line) => line.toLowerCase())));
  });
});

describe('trailers of a request', () => {
  const chunked = (trailer: string, announced: readonly string[] = []) =>
    door.get('shop.example', '/', ['Transfer-Encoding: chunked', ...announced, '', '1', 'x', '0', trailer], 'POST');

  it.each(['X-SSL', 'X_Forwarded_For', 'x-forwarded-proto', 'Forwarded', 'X-Real-IP', 'x-request-id', 'Proxy'])(
    'that announce %s never give the task that name',
    async (name) => {
      for (const list of [name, `Digest, ${name}`, `${name},Digest`, `Digest\r\nTrailer: ${name}`])
        expect(await chunked(`${name}: 1`, [`Trailer: ${list}`])).toMatch(
          dropsTrailers ? /^HTTP\/1.1 200 / : /^HTTP\/1.1 400 /,
        );

      expect(door.reached().flatMap(({ trailers }) => trailers)).toStrictEqual([]);
    },
  );

  it.each<[string, () => Promise<unknown>]>([
    ['HTTP/1.1', () => chunked('X-SSL: 1')],
    ['HTTP/2', () => door.ask2({ ':method': 'POST' }, { trailers: { 'x-ssl': '1' } })],
  ])('that announce nothing are dropped by %s where HAProxy can', async (_, send) => {
    await send();

    expect(door.reached().map(({ trailers }) => trailers.length)).toStrictEqual([dropsTrailers ? 0 : 1]);
    expect(trusted()).toStrictEqual(expect.arrayContaining(['x-request-id: <uuid>']));
  });

  it('that announce something else are served', async () => {
    expect(await chunked('Digest: x', ['Trailer: Digest, X-Sslfoo'])).toMatch(/^HTTP\/1.1 200 /);
  });
});

it('trailers of an answer stay', async () => {
  const answer = { status: 200, body: 'shop', trailers: { 'grpc-status': '0' } };

  expect(await door.ask2({ ':path': '/rpc', te: 'trailers' })).toStrictEqual(answer);
  expect(await door.get('shop.example', '/rpc', ['TE: trailers'])).toMatch(/0\r\ngrpc-status: 0\r\n\r\n$/i);
});

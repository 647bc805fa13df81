import { door, doorForAll } from './edge';

doorForAll({ shop: 'shop.example', any: '*' });

/** What a stranger would send through a pipe: a request that no rule has seen. */
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: shop.example\r\nX-SSL: 1\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n';
const websocketKey = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
const upgradeTo = (protocol: string) => [`Upgrade: ${protocol}`, 'Connection: upgrade'];
const tunnelTo = (protocol: string) => ({ ':method': 'CONNECT', ':protocol': protocol, ':scheme': 'https' });

/** No task got bytes that HAProxy has not inspected, a spoofed header, or a CONNECT. */
function expectInspected() {
  expect(door.piped()).toBe('');
  const headers = door.reached().flatMap((each) => each.headers);
  const foreign = /6\.6\.6\.6|^(x-ssl: 1|upgrade|connection: .*upgrade)/i;
  expect(headers.filter((line) => foreign.test(line))).toStrictEqual([]);
  expect(door.reached().filter(({ method }) => method === 'CONNECT')).toStrictEqual([]);
}

describe('CONNECT is refused', () => {
  const toShop = 'CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n';

  it.each([
    ['to a host and port', toShop],
    ['to a task', 'CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1:80\r\n'],
    ['or TRACE', 'TRACE / HTTP/1.1\r\nHost: shop.example\r\nCookie: secret\r\n'],
    ['by HTTP/1.0', 'CONNECT shop.example:443 HTTP/1.0\r\nHost: shop.example\r\n'],
    ['with an Upgrade', `${toShop}${upgradeTo('websocket').join('\r\n')}\r\n`],
    ['of Sluice itself', 'CONNECT sluice-asks.invalid:443 HTTP/1.1\r\nHost: sluice-asks.invalid:443\r\n'],
  ])('%s', async (_, head) => {
    expect(await door.send(`${head}\r\n${smuggled}`)).toMatch(/^HTTP\/1\.[01] 40[05] /);
    expectInspected();
  });

  it('over HTTP/2', async () => {
    const connect = { ':method': 'CONNECT', ':authority': 'shop.example:443', ':path': undefined };
    const { status } = await door.ask2(connect, { afterwards: smuggled });

    expect([400, 405]).toContain(status);
    expectInspected();
  });
});

describe('an Upgrade to another protocol never passes', () => {
  it.each([
    ['h2c', 'GET', ['Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABkAAQAAP__']],
    ['H2C by POST', 'POST', [...upgradeTo('H2C'), 'Content-Length: 0']],
    ['TLS', 'OPTIONS', upgradeTo('TLS/1.3')],
    ['anything', 'GET', upgradeTo('raw')],
    ['something like websocket', 'GET', [...upgradeTo('websocket2'), ...websocketKey]],
    ['nothing', 'GET', upgradeTo('')],
    ['docker exec', 'POST', [...upgradeTo('tcp'), 'Content-Length: 0']],
    ...['POST', 'PUT', 'DELETE'].map((method): [string, string, string[]] => [
      `a WebSocket by ${method}`,
      method,
      [...upgradeTo('websocket'), ...websocketKey, 'Content-Length: 0'],
    ]),
  ])('%s', async (_, method, headers) => {
    const head = [`${method} / HTTP/1.1`, 'Host: shop.example', ...headers, '', ''].join('\r\n');

    expect(await door.send(head, { afterwards: smuggled })).not.toMatch(/^HTTP\/1\.1 101/);
    expectInspected();
  });

  it.each(['foo', 'h2c', 'connect-udp', 'connect-ip', 'webtransport', 'websocket2'])(
    'extended CONNECT to %s',
    async (protocol) => {
      const { status } = await door.ask2(tunnelTo(protocol), { afterwards: smuggled });

      expect(status).not.toBe(200);
      expectInspected();
    },
  );
});

describe('WebSockets pass', () => {
  it.each([
    ['websocket', ['Upgrade: websocket', 'Connection: Upgrade']],
    ['WebSocket', ['Upgrade: WebSocket', 'Connection: keep-alive, Upgrade, X-SSL, X-Forwarded-For']],
    ['with h2c on offer too', upgradeTo('h2c, websocket')],
  ])('by HTTP/1.1: %s', async (_, headers) => {
    const head = ['GET /chat HTTP/1.1', 'Host: shop.example', ...headers, ...websocketKey, 'X-SSL: 1', '', ''];
    const answer = await door.send(head.join('\r\n'), { afterwards: 'ping' });

    expect(answer).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\nping$/);
    const arrived = door.reached().flatMap((each) => each.headers.map((line) => line.toLowerCase()));
    expect(arrived.filter((line) => /^(upgrade|connection|x-ssl|x-forwarded-for):/.test(line)).sort()).toStrictEqual([
      'connection: upgrade',
      'upgrade: websocket',
      'x-forwarded-for: 127.0.0.1',
      'x-ssl: 0',
    ]);
  });

  it('by HTTP/2 (RFC 8441)', async () => {
    const chat = { ...tunnelTo('websocket'), ':path': '/chat', 'sec-websocket-version': '13' };

    expect(await door.ask2(chat, { afterwards: 'ping' })).toStrictEqual({ status: 200, body: 'ping' });
    expect(door.reached()[0]?.headers).toContain('x-ssl: 1');
  });
});

it('HTTP/2 in clear text meets the same rules', async () => {
  const client = door.clearHttp2();
  const page = { ':authority': 'shop.example', ':path': '/' };
  const tunnel = await client.ask({ ...page, ...tunnelTo('foo'), ':scheme': 'http' }, { afterwards: smuggled });
  const served = await client.ask({ ...page, 'x-ssl': '1', 'x-forwarded-for': '6.6.6.6' });
  const other = await client.ask({ ...page, ':authority': 'evil.com/.shop.example' });
  client.close();

  expect([tunnel, served, other].map(({ status }) => status === 200)).toStrictEqual([false, true, false]);
  expect(door.reached()).toHaveLength(1);
  expectInspected();
});

it.each([
  ['without a version', 'GET /\r\n'],
  // A task may answer it without a head, and its body would stand where HAProxy expects one.
  ['of HTTP/0.9', 'GET / HTTP/0.9\r\nHost: shop.example\r\n\r\n'],
])('a request %s is refused', async (_, text) => {
  expect(await door.send(text)).toMatch(/^HTTP\/1\.[01] 400 /);
  expect(door.reached()).toStrictEqual([]);
});

it.each(['18446744073709551616', '18446744073709551619', '9223372036854775808', '1000000000000000000'])(
  'an impossible length never reaches a task: %s',
  async (length) => {
    const head = `POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: ${length}\r\n\r\n`;

    expect(await door.send(`${head}abc`)).toMatch(/^HTTP\/1\.1 400 /);
    expect((await door.ask2({ ':method': 'POST', 'content-length': length })).status).not.toBe(200);
    expect(door.arrived()).not.toContain(length);
  },
);

it('a task that changes the protocol unasked opens no pipe', async () => {
  const answer = await door.send('GET /unasked HTTP/1.1\r\nHost: shop.example\r\n\r\n', { afterwards: smuggled });

  expect(answer).toMatch(/^HTTP\/1\.1 502 /);
  expectInspected();
});

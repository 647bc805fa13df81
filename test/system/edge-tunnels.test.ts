import { type Door, openDoor } from './edge';

jest.setTimeout(30_000);

let door: Door;
beforeAll(async () => {
  door = await openDoor({ shop: 'shop.example', any: '*' });
});
afterAll(() => door.close());
beforeEach(() => door.forget());

/** What a stranger would send through a pipe: a request that no rule has seen. */
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: shop.example\r\nX-SSL: 1\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n';
const websocketKey = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

/** Nothing came to a task that HAProxy has not inspected, and no spoofed header did. */
function expectInspected() {
  expect(door.piped()).toBe('');
  const headers = door.reached().flatMap((each) => each.headers);
  expect(headers.filter((line) => /6\.6\.6\.6|^(x-ssl: 1|upgrade|connection: .*upgrade)/i.test(line))).toStrictEqual(
    [],
  );
  expect(door.reached().filter(({ method }) => method === 'CONNECT')).toStrictEqual([]);
}

describe('CONNECT is refused', () => {
  it.each([
    ['to a host and port', 'CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n'],
    ['to a task', 'CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1:80\r\n'],
    ['or TRACE', 'TRACE / HTTP/1.1\r\nHost: shop.example\r\nCookie: secret\r\n'],
    ['by HTTP/1.0', 'CONNECT shop.example:443 HTTP/1.0\r\nHost: shop.example\r\n'],
    [
      'with an Upgrade',
      'CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\nConnection: upgrade\r\nUpgrade: websocket\r\n',
    ],
    ['of Sluice itself', 'CONNECT sluice-asks.invalid:443 HTTP/1.1\r\nHost: sluice-asks.invalid:443\r\n'],
  ])('%s', async (_, head) => {
    expect(await door.send(`${head}\r\n${smuggled}`)).toMatch(/^HTTP\/1\.[01] 40[05] /);
    expectInspected();
  });

  it('over HTTP/2', async () => {
    const client = door.http2();
    const { status } = await client.ask(
      { ':method': 'CONNECT', ':authority': 'shop.example:443' },
      { afterwards: smuggled },
    );
    client.close();

    expect([400, 405]).toContain(status);
    expectInspected();
  });
});

describe('an Upgrade to something else never passes', () => {
  it.each([
    ['h2c', 'GET', 'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'],
    ['H2C by POST', 'POST', 'Upgrade: H2C\r\nConnection: upgrade\r\nContent-Length: 0\r\n'],
    ['TLS', 'OPTIONS', 'Upgrade: TLS/1.3\r\nConnection: upgrade\r\n'],
    ['anything', 'GET', 'Upgrade: raw\r\nConnection: upgrade\r\n'],
    ['something like websocket', 'GET', `Upgrade: websocket2\r\nConnection: upgrade\r\n${websocketKey}`],
    ['nothing', 'GET', 'Upgrade: \r\nConnection: upgrade\r\n'],
    ['docker exec', 'POST', 'Upgrade: tcp\r\nConnection: Upgrade\r\nContent-Length: 0\r\n'],
  ])('%s', async (_, method, headers) => {
    const answer = await door.send(`${method} / HTTP/1.1\r\nHost: shop.example\r\n${headers}\r\n`, {
      afterwards: smuggled,
    });

    expect(answer).not.toMatch(/^HTTP\/1\.1 101/);
    expectInspected();
  });

  it.each(['POST', 'PUT', 'DELETE'])('nor does %s become a WebSocket', async (method) => {
    const head = `${method} / HTTP/1.1\r\nHost: shop.example\r\nUpgrade: websocket\r\nConnection: upgrade\r\n${websocketKey}`;
    const answer = await door.send(`${head}Content-Length: 0\r\n\r\n`, { afterwards: smuggled });

    expect(answer).not.toMatch(/^HTTP\/1\.1 101/);
    expectInspected();
  });

  it.each(['foo', 'h2c', 'connect-udp', 'connect-ip', 'webtransport', 'websocket2'])(
    'extended CONNECT to %s',
    async (protocol) => {
      const client = door.http2();
      const { status } = await client.ask(
        { ':method': 'CONNECT', ':protocol': protocol, ':scheme': 'https', ':authority': 'shop.example', ':path': '/' },
        { afterwards: smuggled },
      );
      client.close();

      expect(status).not.toBe(200);
      expectInspected();
    },
  );
});

describe('WebSockets pass', () => {
  it.each([
    ['websocket', 'Upgrade: websocket\r\nConnection: Upgrade\r\n'],
    ['WebSocket', 'Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade, X-SSL, X-Forwarded-For\r\n'],
    ['with h2c on offer too', 'Upgrade: h2c, websocket\r\nConnection: upgrade\r\n'],
  ])('by HTTP/1.1: %s', async (_, headers) => {
    const head = `GET /chat HTTP/1.1\r\nHost: shop.example\r\n${headers}${websocketKey}X-SSL: 1\r\n\r\n`;
    const answer = await door.send(head, { afterwards: 'ping' });

    expect(answer).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\nping$/);
    const [{ headers: arrived } = { headers: [] }] = door.reached();
    const told = arrived.filter((line) => /^(upgrade|connection|x-ssl|x-forwarded-for):/i.test(line));
    expect(told.map((line) => line.toLowerCase()).sort()).toStrictEqual([
      'connection: upgrade',
      'upgrade: websocket',
      'x-forwarded-for: 127.0.0.1',
      'x-ssl: 0',
    ]);
  });

  it('by HTTP/2 (RFC 8441)', async () => {
    const client = door.http2();
    const answer = await client.ask(
      {
        ...{ ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'https' },
        ...{ ':authority': 'shop.example', ':path': '/chat', 'sec-websocket-version': '13' },
      },
      { afterwards: 'ping' },
    );
    client.close();

    expect(answer).toStrictEqual({ status: 200, body: 'ping' });
    expect(door.reached()[0]?.headers).toContain('x-ssl: 1');
  });
});

it('HTTP/2 in clear text meets the same rules', async () => {
  const client = door.clearHttp2();
  const tunnel = {
    ':method': 'CONNECT',
    ':protocol': 'foo',
    ':scheme': 'http',
    ':authority': 'shop.example',
    ':path': '/',
  };
  const refused = await client.ask(tunnel, { afterwards: smuggled });
  const served = await client.ask({
    ':authority': 'shop.example',
    ':path': '/',
    'x-ssl': '1',
    'x-forwarded-for': '6.6.6.6',
  });
  const other = await client.ask({ ':authority': 'evil.com/.shop.example', ':path': '/' });
  client.close();

  expect(refused.status).not.toBe(200);
  expect(served.status).toBe(200);
  expect(other.status).not.toBe(200);
  expect(door.reached()).toHaveLength(1);
  expectInspected();
});

it.each([
  ['without a version', 'GET /\r\n'],
  // A task may answer it without a head, and its body would stand where HAProxy expects one.
  ['of HTTP/0.9', 'GET / HTTP/0.9\r\nHost: shop.example\r\n\r\n'],
])('a request %s is none', async (_, text) => {
  expect(await door.send(text)).toMatch(/^HTTP\/1\.[01] 400 /);
  expect(door.reached()).toStrictEqual([]);
});

describe('a length that no body can have never reaches a task', () => {
  const lengths = ['18446744073709551616', '18446744073709551619', '9223372036854775808', '1000000000000000000'];

  it.each(lengths)('%s', async (length) => {
    const head = `POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: ${length}\r\n\r\n`;
    const client = door.http2();
    const headers = { ':method': 'POST', ':authority': 'shop.example', ':path': '/', 'content-length': length };

    expect(await door.send(`${head}abc`)).toMatch(/^HTTP\/1\.1 400 /);
    expect((await client.ask(headers)).status).not.toBe(200);
    client.close();
    expect(door.arrived()).not.toContain(length);
  });
});

it('a task that changes the protocol unasked opens no pipe', async () => {
  const answer = await door.send('GET /unasked HTTP/1.1\r\nHost: shop.example\r\n\r\n', { afterwards: smuggled });

  expect(answer).toMatch(/^HTTP\/1\.1 502 /);
  expectInspected();
});

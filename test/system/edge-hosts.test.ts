import { door, doorForAll } from './edge';

const services = { shop: 'shop.example', admin: 'admin.example', below: '*.shop.example', any: '*' };
doorForAll({ ...services, deep: 'shop.example/deep' });

const faulty = [
  ...['shop.example:@evil.com', 'evil.com,shop.example', 'shop.example,evil.com', 'shop.example evil.com'],
  ...['admin.example:80.shop.example', '<script>.shop.example', 'evil.com/.shop.example', 'evil.com?.shop.example'],
  ...['evil.com#.shop.example', 'evil.com\\.shop.example', 'u@shop.example', 'u:p@shop.example', 'shop.example:'],
  ...['shop.example:http', 'shop.example:80:80', 'shop.example:800000', 'shop.example:-1', 'shop..example'],
  ...['.shop.example', 'shop.example..', '.', '-shop.example', 'shop-.example', 'shop.example%00', "shop.example'"],
  ...['*.shop.example', '[::1]', '[::1].shop.example', 'sh\u00f6p.example', `${'a'.repeat(300)}.shop.example`],
];
/** Some faults are of the protocol, and end the stream. */
const refused = /^(400|none|Stream closed with error code NGHTTP2_\w+)$/;

describe('an invalid Host gets 400 and reaches no task', () => {
  it.each(faulty)('%s', async (host) => {
    expect(await door.get(host)).toMatch(/^HTTP\/1\.1 400 /);
    expect(door.reached()).toStrictEqual([]);
  });

  // An empty port is the scheme's own (RFC 3986, 3.2.3), and HAProxy takes that out of an :authority.
  it.each([...faulty.filter((host) => host !== 'shop.example:' && !/[^ -~]/.test(host)), ''])(
    '%s as :authority',
    async (authority) => {
      const { status } = await door.ask2({ ':authority': authority, ':scheme': 'https' });

      expect(String(status)).toMatch(refused);
      expect(door.reached()).toStrictEqual([]);
    },
  );

  it.each([
    ['no Host', 'GET / HTTP/1.1\r\n'],
    ['no Host in HTTP/1.0', 'GET / HTTP/1.0\r\n'],
    ['an empty one', 'GET / HTTP/1.1\r\nHost:\r\n'],
    ['two of them', 'GET / HTTP/1.1\r\nHost: shop.example\r\nHost: admin.example\r\n'],
    ['an address that says another', 'GET http://admin.example/ HTTP/1.1\r\nHost: shop.example\r\n'],
    ['one that is folded', 'GET / HTTP/1.1\r\nHost: shop.example\r\n .evil.com\r\n'],
  ])('%s', async (_, head) => {
    expect(await door.send(`${head}\r\n`)).toMatch(/^HTTP\/1\.[01] 400 /);
    expect(door.reached()).toStrictEqual([]);
  });
});

describe('the host and path that route are the ones that the task gets', () => {
  it.each([
    ['shop.example', 'shop'],
    ['SHOP.Example', 'shop'],
    ['shop.example:8080', 'shop'],
    ['shop.example.', 'shop'],
    ['shop.example.:8443', 'shop'],
    ['Www.shop.example.', 'below'],
    ['a_b.shop.example', 'below'],
    ['xn--mnchen-3ya.example', 'any'],
    ['10.0.0.1', 'any'],
    ['localhost:3000', 'any'],
  ])('Host: %s leads to %s', async (host, task) => {
    expect(await door.get(host, '/a?b')).toMatch(/^HTTP\/1\.1 200 /);
    expect(await door.ask2({ ':authority': host, ':path': '/a?b' })).toMatchObject({ status: 200 });

    expect(door.routes()).toStrictEqual([`${task} /a?b`, `${task} /a?b`]);
    for (const { headers } of door.reached())
      expect(headers.filter((line) => /^host:/i.test(line)).map((line) => line.slice(6))).toStrictEqual([host]);
  });

  it.each([
    ['another user', 'GET http://u@shop.example/a?b HTTP/1.1', '/a?b'],
    ['another scheme', 'GET https://shop.example/a?b HTTP/1.1', '/a?b'],
    ['a scheme that is none', 'GET ftp://shop.example/a?b HTTP/1.1', '/a?b'],
    ['what it is', 'GET http://shop.example/a?b HTTP/1.1', '/a?b'],
    ['another user by what is no HTTP/2', 'GET http://u@shop.example/a?b HTTP/2.0', '/a?b'],
    ['everything', 'GET * HTTP/1.1', '/*'],
    ['no path', 'GET http://shop.example HTTP/1.1', '/'],
    ['no path, of a server', 'OPTIONS http://shop.example HTTP/1.1', '/'],
    ['no path but a question', 'GET http://shop.example?b HTTP/1.1', '/?b'],
    ['the whole server', 'OPTIONS * HTTP/1.1', '*'],
  ])('an address that says %s reaches the task as a path', async (_, line, path) => {
    const answer = await door.send(`${line}\r\nHost: shop.example\r\n\r\n`);

    // HAProxy itself refuses some, by its release.
    const isServed = !answer.startsWith('HTTP/1.1 400 ');
    expect(door.arrived() !== '').toBe(isServed);
    expect(door.routes()).toStrictEqual(isServed ? [`shop ${path}`] : []);
  });

  it.each([
    ['/deep?b', 'deep'],
    ['http://u@shop.example/deep/a', 'deep'],
    ['/deeper', 'shop'],
    ['//deep/a', 'shop'],
    ['/%64eep/a', 'shop'],
    ['/a/../deep', 'shop'],
  ])('GET %s is a path of %s as it stands', async (address, task) => {
    await door.get('shop.example', address);

    expect(door.routes()).toStrictEqual([`${task} ${address.replace(/^http:\/\/[^/]*/, '')}`]);
  });

  it('the host by which Sluice asks leads to no task, whoever claims all hosts', async () => {
    expect(await door.get('sluice-asks.invalid.')).toMatch(/HAProxy answers\.$/);
    expect(door.reached()).toStrictEqual([]);
  });

  it.each(['ftp', 'javascript', 'http', 'https'])('and so by HTTP/2 with the scheme %s', async (scheme) => {
    await door.ask2({ ':path': '/a?b', ':scheme': scheme });

    expect(door.routes()).toStrictEqual(['shop /a?b']);
  });

  it('an :authority that differs from the Host beside it counts for both', async () => {
    await door.ask2({ ':authority': 'admin.example', host: 'shop.example' });

    for (const { task, headers } of door.reached()) {
      expect(task).toBe('admin');
      expect(headers.filter((line) => /^host:/i.test(line))).toStrictEqual(['host: admin.example']);
    }
  });
});

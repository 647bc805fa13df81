import type { IncomingMessage, ServerResponse } from 'node:http';

import { door, doorForAll } from './edge';

const many = Array.from({ length: 199 }, (_, n) => `10.0.${n}.0/24`).join();

const labels = {
  go: { redirect: 'shop.example' },
  www: { redirect: 'shop.example' },
  safe: { hsts: '31536000' },
  deep: { hsts: '60;includeSubDomains', deny: '10.0.0.0/8' },
  led: { hsts: '0', redirect: 'shop.example' },
  cut: { strip: '/api.v1' },
  half: { strip: '/a' },
  off: { maintenance: 'on', hsts: '1' },
  guests: { maintenance: '10.0.0.0/8,2001:db8::1', deny: '10.0.0.1' },
  office: { allow: `${many},2001:db8::/32` },
  wide: { deny: `${many},2001:db8:5::1`, allow: '10.0.0.0/8,2001:db8::/32' },
  open: { deny: '10.0.7.0/24' },
  old: { redirect: 'https://shop.example:8443/a~b?x=y&z=*;+,!' },
};
const hosts = Object.fromEntries(Object.keys(labels).map((name) => [name, `${name}.example`]));

/** A task that sends HSTS of its own. */
const strict = (_: string, { url }: IncomingMessage, response: ServerResponse) => {
  if (url === '/strict') response.setHeader('Strict-Transport-Security', 'max-age=1');
  return 200;
};

/** As behind a proxy that is trusted. */
const sources = (text: string) =>
  text.replace(
    /^ {4}option forwardfor/m,
    '    http-request set-src req.hdr(Source) if { req.hdr(Source) -m found }\n$&',
  );

doorForAll(
  { ...hosts, bare: 'bare.example', cut: 'cut.example/api.v1', half: 'half.example/a/b' },
  { certified: ['safe.example', 'www.example'], labels, edit: sources, answer: strict },
);

/** Status and `Location` of the answer. */
const answer = async (...asked: Parameters<typeof door.get>) => {
  const text = await door.get(...asked);
  return [/^HTTP\/1\.1 (\d+)/.exec(text)?.[1], /\r\nlocation: (.*)\r/i.exec(text)?.[1]].join(' ').trim();
};

describe('redirect', () => {
  it.each([
    ['www.example', '/a?b=c', '308 https://www.example/a?b=c'],
    ['go.example', '/a?b=c', '308 http://shop.example/a?b=c'],
    ['tls:www.example', '/a//b?c=/d&e=%20', '308 https://shop.example/a//b?c=/d&e=%20'],
    ['tls:www.example', '//evil.example', '308 https://shop.example//evil.example'],
    ['old.example', '/a?b=c', '308 https://shop.example:8443/a~b?x=y&z=*;+,!'],
    ['tls:safe.example', '/', '200'],
  ])('of %s%s is %s', async (host, path, expected) => {
    for (const method of ['GET', 'POST', 'OPTIONS']) expect(await answer(host, path, [], method)).toBe(expected);
    expect(door.routes()).toHaveLength(expected === '200' ? 3 : 0);
  });
});

describe('allow and deny', () => {
  it.each([
    ['office', '10.0.0.1 10.0.198.255 2001:db8:1::1 ::ffff:10.0.0.1', '10.0.199.1 127.0.0.1 2001:db9::1 11.0.0.1'],
    ['wide', '10.1.0.1 2001:db8:5::2', '10.0.0.1 10.0.198.1 2001:db8:5::1 127.0.0.1'],
    ['open', '127.0.0.1 10.0.8.1 2001:db8::1', '10.0.7.255'],
  ])('of %s let in %s, and give 403 to %s', async (name, friends, strangers) => {
    const from = (source: string) => answer(`${name}.example`, '/', [`Source: ${source}`]);

    for (const source of friends.split(' ')) expect([source, await from(source)]).toStrictEqual([source, '200']);
    expect(door.reached()).toHaveLength(friends.split(' ').length);
    for (const source of strangers.split(' ')) expect([source, await from(source)]).toStrictEqual([source, '403']);
    expect(door.reached()).toHaveLength(friends.split(' ').length);
  });
});

describe('hsts', () => {
  it.each([
    ['safe', 'tls:', '/', ['200', 'max-age=31536000']],
    ['safe', 'tls:', '/strict', ['200', 'max-age=31536000']],
    ['deep', '', '/', ['200']],
    ['deep', '', '/strict', ['200', 'max-age=1']],
    ['deep', 'tls:', '/', ['200', 'max-age=60; includeSubDomains']],
    ['deep', 'tls:', '/?from=10.0.0.1', ['403', 'max-age=60; includeSubDomains']],
    ['led', 'tls:', '/', ['308', 'max-age=0']],
    ['bare', 'tls:', '/strict', ['200', 'max-age=1']],
  ])('of %s, asked by %s%s, is %j', async (name, scheme, path, expected) => {
    const text = await door.get(`${scheme}${name}.example`, path, [`Source: ${path.split('=')[1] ?? '127.0.0.1'}`]);

    const sent = Array.from(text.matchAll(/\r\nstrict-transport-security: (.*)\r/gi), ([, value]) => value);
    expect([text.slice(9, 12), ...sent]).toStrictEqual(expected);
  });
});

describe('strip', () => {
  it.each([
    ['cut', '/api.v1', '/'],
    ['cut', '/api.v1/', '/'],
    ['cut', '/api.v1?q=/api.v1/x', '/?q=/api.v1/x'],
    ['cut', '/api.v1/x/?q', '/x/?q'],
    ['cut', '/api.v1/api.v1//%2f', '/api.v1//%2f'],
    ['cut', '/api.v1//evil.example', '/evil.example'],
    ['half', '/a/b', '/b'],
    ['half', '/a/b/c?d', '/b/c?d'],
  ])('of %s leads %s to %s', async (name, path, url) => {
    await door.get(`${name}.example`, path, ['X-Forwarded-Prefix: /evil']);
    await door.ask2({ ':authority': `${name}.example`, ':path': path, 'x-forwarded-prefix': '/evil' });

    const prefixes = (headers: readonly string[]) => headers.filter((line) => /^x-forwarded-prefix: /i.test(line));
    expect(
      door.reached().map(({ headers, ...each }) => [each.url, ...prefixes(headers)].join(' ').toLowerCase()),
    ).toStrictEqual(['1.1', '2'].map(() => `${url} x-forwarded-prefix: /${name === 'cut' ? 'api.v1' : 'a'}`));
  });
});

describe('maintenance', () => {
  it.each([
    ['off', '10.0.0.2', '503 60'],
    ['guests', '10.0.0.2', '200'],
    ['guests', '2001:db8::1', '200'],
    ['guests', '10.0.0.1', '403'],
    ['guests', '127.0.0.1', '503 60'],
  ])('of %s gives %s a %s', async (name, source, expected) => {
    const text = await door.get(`${name}.example`, '/', [`Source: ${source}`], 'POST');
    const retry = Array.from(text.matchAll(/\r\nretry-after: (.*)\r/gi), ([, seconds]) => seconds);

    expect([text.slice(9, 12), ...retry].join(' ')).toBe(expected);
    expect(text.includes('This site is temporarily unavailable.')).toBe(expected.startsWith('503'));
    expect(text).not.toMatch(/task|backend|maintenance/i);
    expect(door.reached()).toHaveLength(expected === '200' ? 1 : 0);
  });
});

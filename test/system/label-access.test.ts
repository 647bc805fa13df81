import { door, doorForAll } from './edge';

const labels = {
  go: { redirect: 'shop.example' },
  www: { redirect: 'shop.example' },
  old: { redirect: 'https://shop.example:8443/a~b?x=y&z=*;+,!' },
};
const hosts = Object.fromEntries(Object.keys(labels).map((name) => [name, `${name}.example`]));

doorForAll({ ...hosts, safe: 'safe.example' }, { certified: ['safe.example', 'www.example'], labels });

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

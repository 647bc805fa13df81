import { door, doorForAll } from './edge';
import { pause, until } from './until';

doorForAll(
  { shop: '*/shop', api: '*/api', free: '*' },
  { labels: { shop: { rate: '3/10s' }, api: { rate: '2/2s' } }, settings: { trustedProxies: ['127.0.0.1/32'] } },
);

/** The answer to a client at an address, as a trusted proxy passes it on. */
const ask = (address: string, path: string) => door.get('a.example', path, [`X-Forwarded-For: ${address}`]);
const statuses = async (path: string, ...addresses: readonly string[]) => {
  const found: string[] = [];
  for (const address of addresses) found.push((await ask(address, path)).slice(9, 12));
  return found.join(' ');
};
const times = (count: number, address: string) => Array.from({ length: count }, () => address);

it('a client that asks too often gets 429 and when to come back, and its task no request', async () => {
  expect(await statuses('/shop', ...times(5, '9.9.9.1'))).toBe('200 200 200 429 429');
  expect(await ask('9.9.9.1', '/shop')).toMatch(/^HTTP\/1\.1 429 [\s\S]*\r\nretry-after: 10\r\n/i);
  expect(door.routes()).toStrictEqual(['shop /shop', 'shop /shop', 'shop /shop']);
});

it('another client, and another service, have their own count', async () => {
  await statuses('/shop', ...times(4, '9.9.9.2'));

  expect(await statuses('/shop', '9.9.9.2', '9.9.9.3', '2001:db9::1')).toBe('429 200 200');
  expect(await statuses('/api', '9.9.9.2')).toBe('200');
  expect(await statuses('/', ...times(5, '9.9.9.2'))).toBe('200 200 200 200 200');
});

it('all addresses of an IPv6 /64 are one client', async () => {
  const house = ['2001:db8:1:2::1', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2:ffff::', '2001:db8:1:2::9'];

  expect(await statuses('/shop', ...house, '2001:db8:1:3::1')).toBe('200 200 200 429 200');
});

it('a refused request does not count, so a client that asks on is served again', async () => {
  expect(await statuses('/api', ...times(3, '9.9.9.4'))).toBe('200 200 429');

  await until(async () => {
    await pause(100);
    return (await statuses('/api', '9.9.9.4')) === '200';
  });
});

it('however many clients come, the table of a service has a bounded size', async () => {
  const [table] = (await door.instance.worker('show table demo.shop')).split('\n');

  expect(table).toMatch(/type: binary, size:9\d\d, used:\d+$/);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { parseUrl } from '../../scripts/sluice/explain/asked';
import { backend } from '../builders';
import { sluice } from './console';
import { playedStage } from './played-stage';
import { impatient, sufferEach, wrongWords } from './suffering';

jest.setTimeout(180_000);

const shop = { backends: [backend({ a: 1, b: 2, c: 3 })], services: { shop: { running: 3, desired: 3 } } };

it.each<[string, () => Promise<readonly string[]>, RegExp]>([
  [
    'leads elsewhere',
    async () => ['192.0.2.1'],
    /^NOT OK +dns .*the name leads to 192\.0\.2\.1; this stage has 127\.0\.0\.1 \(proxy 1\) → let a record lead shop\.example\.com to 127\.0\.0\.1 \(proxy 1\), unless a CDN/,
  ],
  [
    'leads to another place too',
    async () => ['127.0.0.1', '2001:db8::1'],
    /^NOT OK +dns .*leads to 127\.0\.0\.1 \(proxy 1\), 2001:db8::1; not all are proxies/,
  ],
  [
    'does not exist',
    () => Promise.reject(Object.assign(new Error(), { code: 'ENOTFOUND' })),
    /^NOT OK +dns +the name has no address, as far as this machine sees →/,
  ],
  [
    'cannot be looked up',
    () => Promise.reject(Object.assign(new Error(), { code: 'EAI_AGAIN' })),
    /^NOT OK +dns +this machine cannot look the name up: EAI_AGAIN → check its network/,
  ],
])('a name that %s is said, and all else too', async (_, resolve, line) => {
  const { client } = await playedStage(shop);

  const { code, output, complaints } = await sluice(['explain', 'shop.example.com'], { config: () => client, resolve });

  expect([code, complaints]).toStrictEqual([1, '']);
  expect(output.replace(/\s+/g, ' ')).toMatch(line);
  expect(output).toMatch(/\n\ndemo\/shop would answer, by one of 3 tasks; but see above: dns\.\n$/);
});

it('a name that leads to a CDN is well where the settings have trustedProxies', async () => {
  const { client } = await playedStage(shop);
  const file = join(mkdtempSync(join(tmpdir(), 'sluice-settings-')), 'settings.yml');
  writeFileSync(file, 'default: { trustedProxies: [192.0.2.0/24] }');
  process.env.SLUICE_SETTINGS = file;

  const resolve = async () => ['192.0.2.1'];
  const { code, output } = await sluice(['explain', 'shop.example.com'], { config: () => client, resolve });

  delete process.env.SLUICE_SETTINGS;
  rmSync(dirname(file), { recursive: true });
  expect(code).toBe(0);
  expect(output).toMatch(
    /^ok +dns +the name leads to 192\.0\.2\.1, perhaps one of those that\s+trustedProxies names\n/,
  );
});

it.each([
  ['nothing was ever published', () => undefined],
  ['/sluice/dev/haproxy/current version 1 is damaged (', () => '{'],
])('%s: then nobody can be named', async (says, value) => {
  const { client, store } = await playedStage(shop);
  const Name = '/sluice/dev/haproxy/current';
  store.forget(Name);
  const Value = value();
  if (Value) store.put({ Name, Value, Type: 'String' });

  const { code, output } = await sluice(['explain', 'shop.example.com'], { config: () => client, columns: 120 });

  expect(code).toBe(1);
  expect(output).toContain(`\nNobody can be named: ${says}`);
  expect(output).not.toContain('404');
});

it('each call that fails is one line or one sentence with the next step', async () => {
  const { api, client } = await playedStage(shop);
  const config = () => ({ ...client, ...impatient });

  const suffered = await sufferEach(api, 'Function', () => sluice(['explain', 'shop.example.com'], { config }));

  expect(suffered.flatMap(wrongWords)).toStrictEqual([]);
  expect([...new Set(suffered.map(({ action }) => action))].sort()).toStrictEqual([
    'ec2:DescribeAddresses',
    'ecs:DescribeServices',
    'ssm:GetParameters',
  ]);
});

it.each([
  ['Shop.Example.com.', 'https', 'shop.example.com', '/', ''],
  ['http://shop.example.com:80/a/../b%20c?x=1#y', 'http', 'shop.example.com', '/b%20c', '?x=1'],
  ['shop.example.com:8080/x', 'https', 'shop.example.com', '/x', ''],
  ['münchen.example', 'https', 'xn--mnchen-3ya.example', '/', ''],
  ['https://a_b.example', 'https', 'a_b.example', '/', ''],
])('%s is asked as a browser would ask', (text, scheme, host, path, query) => {
  expect(parseUrl(text)).toMatchObject({ scheme, host, path, query });
});

it.each(['ftp://a.example', 'mailto://a', '*.example.com', 'https://', 'a b.example', '[::1]', '\u001b[2J'])(
  '%j is no URL: exit code 2',
  async (url) => {
    const { code, output, complaints } = await sluice(['explain', url]);

    expect([code, output]).toStrictEqual([2, '']);
    expect(complaints).toMatch(
      /^sluice: ".*" (names no host that HAProxy takes|is not asked by HTTP or HTTPS); give a URL such as https:/,
    );
  },
);

import type { Backend } from '../../lib/haproxy/backend';
import { parseUrl } from '../../scripts/sluice/explain/asked';
import type { Check } from '../../scripts/sluice/status/check';
import { backend } from '../builders';
import { sluice } from './console';
import { type PlayedStage, playedStage } from './played-stage';
import { impatient, sufferEach, wrongWords } from './suffering';

jest.setTimeout(180_000);

const served = (service: string, hosts: readonly string[], more: Partial<Backend> = {}): Backend => ({
  ...backend({ aaaaaaaa1: 32_768, bbbbbbbb2: 32_769 }, { name: `demo.${service}`, service }),
  routes: hosts.map((each) => {
    const [host = '', path = ''] = each.split(/(?=\/)(.*)/);
    return { host, path: path || '/', since: 1 };
  }),
  ...more,
});
const both = { running: 2, desired: 2 };
const stopped = '(service full) was unable to place a task because no instance has 128 MB.';
const hots = 'demo/hots, revision 1: container "app": unknown label "haproxy.hots"; did you mean haproxy.host?';
const loops =
  'demo/crash: its tasks end again and again: exit code 1; read the task’s log, then deploy a corrected revision';

const town: PlayedStage = {
  backends: [
    served('shop', ['shop.example.com', 'shop.example.com/cart']),
    served('api', ['shop.example.com/api']),
    served('wild', ['*.example.com']),
    served('plain', ['a.org'], {
      servers: [{ name: 'cccccccc3', address: '10.0.1.8', port: 80, second: true }],
      stopped: { d: 1 },
    }),
    served('rests', ['rests.example.com'], { labels: { maintenance: 'on' } }),
    served('inside', ['inside.example.com'], { labels: { maintenance: '10.0.0.0/8,10.1.0.0/16' } }),
    served('old', ['old.example.com'], { labels: { redirect: 'shop.example.com' } }),
    served('office', ['office.example.com'], {
      labels: { allow: '1.1.1.1,2.2.2.2,3.3.3.3,4.4.4.4', auth: 'staff.3.1700000000', rate: '10/1m' },
    }),
    served('zero', ['zero.example.com'], { servers: [] }),
    served('full', ['full.example.com'], { servers: [] }),
    served('crash', ['crash.example.com'], { servers: [] }),
    served('gone', ['gone.example.com'], { servers: [] }),
    { ...served('.job', ['job.example.com']), name: 'demo..job' },
  ],
  services: {
    ...Object.fromEntries(
      ['shop', 'api', 'wild', 'plain', 'rests', 'inside', 'old', 'office'].map((each) => [each, both]),
    ),
    zero: { running: 0, desired: 0 },
    full: { running: 0, desired: 2, events: [{ secondsAgo: 120, message: stopped }] },
    crash: { running: 0, desired: 1 },
  },
  kept: {
    faults: [{ service: 'demo/hots', message: hots }],
    ofTasks: [{ service: 'demo/crash', message: loops }],
  },
};

type Explained = {
  readonly ok: boolean;
  readonly answer: string;
  readonly next?: string;
  readonly steps: readonly Check[];
};

describe('an answer', () => {
  let explain: (url: string) => Promise<Explained>;
  beforeEach(async () => {
    const { client } = await playedStage(town);
    explain = async (url) => {
      const { code, output } = await sluice(['explain', url, '--json'], { config: () => client });
      const explained = JSON.parse(output) as Explained;
      expect(code).toBe(explained.ok ? 0 : 1);
      return explained;
    };
  });
  const by2 = (service: string) => `demo/${service} would answer, by one of 2 tasks`;
  const tasks2 = 'ok tasks: 2 serve: aaaaaaaa at 10.0.1.7:32768, bbbbbbbb at 10.0.1.7:32769';
  const no503 = (why: string) => `nobody: HAProxy answers 503, because ${why}`;

  it.each([
    [
      'shop.example.com/x',
      by2('shop'),
      [
        /^ok dns: the name leads to 127\.0\.0\.1 \(proxy 1\)$/,
        /^ok certificate: shop\.example\.com is covered by that of example\.com, \*\.example\.com$/,
        /^ok route: shop\.example\.com\/ of demo\/shop, container web, port 8080$/,
        /^ok not taken: shop\.example\.com\/cart of demo\/shop: its path does not fit$/,
        /^ok not taken: shop\.example\.com\/api of demo\/api: its path does not fit$/,
        /^ok not taken: \*\.example\.com\/ of demo\/wild: its host is less exact$/,
        tasks2,
        /^ok ecs: 2 of 2 tasks run$/,
      ],
    ],
    [
      'http://SHOP.example.com./api/1?q',
      by2('api'),
      [
        /^ok https: HTTP leads to https:\/\/shop\.example\.com\/api\/1\?q \(308\)$/,
        /^ok not taken: shop\.example\.com\/ of demo\/shop: its path is shorter$/,
      ],
    ],
    [
      'https://x.y.example.com/',
      `${by2('wild')}; but see above: certificate`,
      [/^NOT OK certificate: no certificate covers x\.y\.example\.com: browsers warn → add the name to `certificates`/],
    ],
    [
      'http://a.org',
      'demo/plain would answer, by its only task',
      [
        /^ok certificate: no certificate covers a\.org, so HTTP is answered as it is$/,
        /^ok tasks: 1 in reserve, because of a warning about the instance: cccccccc at 10\.0\.1\.8:80; 1 had to stop within the last hour$/,
      ],
    ],
    [
      'https://shop.example.com:8443/',
      'nobody: no proxy listens on this port',
      [/^NOT OK port: the proxies listen on 80 and 443, and not on 8443 → ask without the port$/],
    ],
    [
      'http://b.org/',
      'nobody: HAProxy answers 404',
      [
        /^NOT OK route: no route takes b\.org\/ → did you mean a\.org\? Otherwise give a service the label haproxy\.host/,
        /^NOT OK not served: demo\/hots has a fault: revision 1: container "app": unknown label "haproxy\.hots"; did you mean haproxy\.host\? → correct the labels/,
      ],
    ],
    [
      'http://a.org.uk.elsewhere/',
      'nobody: HAProxy answers 404',
      [/^NOT OK route: no route takes a\.org\.uk\.elsewhere\/ → give a service the label/],
    ],
    [
      'rests.example.com',
      'nobody: HAProxy answers 503, because of the label haproxy.maintenance',
      [/^NOT OK maintenance: every visitor gets 503 → remove the label/],
    ],
    [
      'inside.example.com',
      'nobody but those guests: HAProxy answers 503, because of the label haproxy.maintenance',
      [/^NOT OK maintenance: visitors get 503, but for 10\.0\.0\.0\/8, 10\.1\.0\.0\/16 →/],
    ],
    [
      'old.example.com/a',
      'HAProxy itself would answer, by a redirect',
      [/^ok redirect: HAProxy itself answers: 308 to the same path of shop\.example\.com$/],
    ],
    [
      'office.example.com',
      by2('office'),
      [
        /^ok allow: only visitors from 1\.1\.1\.1, 2\.2\.2\.2, 3\.3\.3\.3 and 1 more may enter; others get 403$/,
        /^ok rate: a client may make 10 requests in 1m; then it gets 429$/,
        /^ok auth: visitors need a login of the secret staff; without one they get 401$/,
      ],
    ],
    [
      'zero.example.com',
      no503('demo/zero is scaled to 0'),
      [
        /^NOT OK ecs: the service is scaled to 0 → `aws ecs update-service --cluster demo --service zero --desired-count 1 --region eu-west-2` starts a task$/,
      ],
    ],
    [
      'full.example.com',
      no503('none of the tasks of demo/full runs'),
      [
        /^NOT OK tasks: none is published/,
        /^NOT OK ecs: 0 of 2 tasks run\. ECS, 2 minutes ago: was unable to place a task because no instance has 128 MB → correct/,
      ],
    ],
    [
      'crash.example.com',
      no503('none of the tasks of demo/crash runs'),
      [
        /^NOT OK ecs: 0 of 1 task runs\. ECS has no event of it →/,
        /^NOT OK fault: its tasks end again and again: exit code 1 → read the task’s log, then deploy/,
      ],
    ],
    [
      'gone.example.com',
      no503('no task of demo/gone is published'),
      [/^NOT OK ecs: there is no service gone any more →/],
    ],
    ['job.example.com', by2('.job'), [tasks2]],
    ['http://sluice-asks.invalid/', 'HAProxy itself would answer: Sluice asks by this name whether it runs', []],
  ] as const)('to %s: %s', async (url, answer, expected) => {
    const explained = await explain(url);

    const lines = explained.steps.map(
      ({ ok, what, says, next }) => `${ok ? 'ok' : 'NOT OK'} ${what}: ${says}${next ? ` → ${next}` : ''}`,
    );
    expect(explained.answer).toBe(answer);
    for (const each of expected)
      expect(lines).toContainEqual(typeof each === 'string' ? each : expect.stringMatching(each));
  });
});

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
  const { client } = await playedStage(town);

  const { code, output, complaints } = await sluice(['explain', 'shop.example.com'], { config: () => client, resolve });

  expect([code, complaints]).toStrictEqual([1, '']);
  expect(output.replace(/\s+/g, ' ')).toMatch(line);
  expect(output).toMatch(/\n\ndemo\/shop would answer, by one of 2 tasks; but see above: dns\.\n$/);
});

it('each call that fails is one line or one sentence with the next step', async () => {
  const { api, client } = await playedStage(town);
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

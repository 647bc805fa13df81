import type { Backend } from '../../lib/haproxy/backend';
import type { Check } from '../../scripts/sluice/status/check';
import { backend } from '../builders';
import { sluice } from './console';
import { type PlayedStage, playedStage } from './played-stage';

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

/** How lines begin that explain the answer to a URL. */
const explanations = `
shop.example.com/x
ok dns: the name leads to 127.0.0.1 (proxy 1)
ok certificate: shop.example.com is covered by that of example.com, *.example.com
ok route: shop.example.com/ of demo/shop, container web, port 8080
ok not taken: shop.example.com/cart of demo/shop: its path does not fit
ok not taken: shop.example.com/api of demo/api: its path does not fit
ok not taken: *.example.com/ of demo/wild: its host is less exact
ok tasks: 2 serve: aaaaaaaa at 10.0.1.7:32768, bbbbbbbb at 10.0.1.7:32769
ok ecs: 2 of 2 tasks run

http://SHOP.example.com./api/1?q
ok https: HTTP leads to https://shop.example.com/api/1?q (308)
ok not taken: shop.example.com/ of demo/shop: its path is shorter

https://x.y.example.com/
NOT OK certificate: no certificate covers x.y.example.com: browsers warn → add the name to \`certificates\` in

http://a.org
ok certificate: no certificate covers a.org, so HTTP is answered as it is
ok tasks: 1 in reserve, because of a warning about the instance: cccccccc at 10.0.1.8:80; 1 had to stop within the last hour

https://shop.example.com:8443/
NOT OK port: the proxies listen on 80 and 443, and not on 8443 → ask without the port

http://b.org/
NOT OK route: no route takes b.org/ → did you mean a.org? Otherwise give a service the label haproxy.host
NOT OK not served: demo/hots has a fault: revision 1: container "app": unknown label "haproxy.hots"; did you mean haproxy.host? → correct the labels

http://elsewhere.net/
NOT OK route: no route takes elsewhere.net/ → give a service the label

rests.example.com
NOT OK maintenance: every visitor gets 503 → remove the label

inside.example.com
NOT OK maintenance: visitors get 503, but for 10.0.0.0/8, 10.1.0.0/16 →

old.example.com/a
ok redirect: HAProxy itself answers: 308 to the same path of shop.example.com

office.example.com
ok allow: only visitors from 1.1.1.1, 2.2.2.2, 3.3.3.3 and 1 more may enter; others get 403
ok rate: a client may make 10 requests in 1m; then it gets 429
ok auth: visitors need a login of the secret staff; without one they get 401

zero.example.com
NOT OK ecs: the service is scaled to 0 → \`aws ecs update-service --cluster demo --service zero --desired-count 1 --region eu-west-2\` starts a task

full.example.com
NOT OK tasks: none is published
NOT OK ecs: 0 of 2 tasks run. ECS, 2 minutes ago: was unable to place a task because no instance has 128 MB → correct

crash.example.com
NOT OK ecs: 0 of 1 task runs. ECS has no event of it → wait a minute
NOT OK fault: its tasks end again and again: exit code 1 → read the task’s log, then deploy

gone.example.com
NOT OK ecs: there is no service gone any more →

job.example.com
ok tasks: 2 serve

http://sluice-asks.invalid/
ok route: HAProxy answers this name before any route
`;
const linesOf = (url: string): readonly string[] => {
  const [, lines = ''] = explanations.split(`\n${url}\n`);
  return lines.split('\n\n')[0]?.split('\n').filter(Boolean) ?? [];
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
  const no503 = (why: string) => `nobody: HAProxy answers 503, because ${why}`;

  it.each([
    ['shop.example.com/x', by2('shop')],
    ['http://SHOP.example.com./api/1?q', by2('api')],
    ['https://x.y.example.com/', `${by2('wild')}; but see above: certificate`],
    ['http://a.org', 'demo/plain would answer, by its only task'],
    ['https://shop.example.com:8443/', 'nobody: no proxy listens on this port'],
    ['http://b.org/', 'nobody: HAProxy answers 404'],
    ['http://elsewhere.net/', 'nobody: HAProxy answers 404'],
    ['rests.example.com', no503('of the label haproxy.maintenance')],
    ['inside.example.com', no503('of the label haproxy.maintenance').replace(':', ' but those guests:')],
    ['old.example.com/a', 'HAProxy itself would answer, by a redirect'],
    ['office.example.com', by2('office')],
    ['zero.example.com', no503('demo/zero is scaled to 0')],
    ['full.example.com', no503('none of the tasks of demo/full runs')],
    ['crash.example.com', no503('none of the tasks of demo/crash runs')],
    ['gone.example.com', no503('no task of demo/gone is published')],
    ['job.example.com', by2('.job')],
    ['http://sluice-asks.invalid/', 'HAProxy itself would answer: Sluice asks by this name whether it runs'],
  ])('to %s: %s', async (url, answer) => {
    const explained = await explain(url);

    const lines = explained.steps.map(
      ({ ok, what, says, next }) => `${ok ? 'ok' : 'NOT OK'} ${what}: ${says}${next ? ` → ${next}` : ''}`,
    );
    expect(explained.answer).toBe(answer);
    expect(linesOf(url)).not.toStrictEqual([]);
    for (const expected of linesOf(url))
      expect(lines.find((line) => line.startsWith(expected)) ?? lines).toContain(expected);
  });
});

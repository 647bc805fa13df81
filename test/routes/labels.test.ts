import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';

import { readLabels } from '../../lib/routes/labels';

const read = (labels: Record<string, string>, ports = [8080]) => readLabels({ name: 'web', labels, ports, ranges: [] });

/** `host=*;path=/api` are the labels `haproxy.host` and `haproxy.path`. */
const labels = (short: string): Record<string, string> =>
  Object.fromEntries(short.split(';').map((each) => [`haproxy.${each.split('=')[0]}`, each.split('=')[1] ?? '']));

const chosen = { hosts: ['*'], path: '/api', port: 9090, labels: { check: '/up' } };

describe('labels', () => {
  it.each<[string, string, number[], object[]]>([
    ['route a host to the only mapped port', 'host=a.test', [8080], [{ hosts: ['a.test'], port: 8080 }]],
    ['take hosts in capitals', 'host=A.T, *.t,a.t', [8080], [{ hosts: ['*.t', 'a.t'], port: 8080 }]],
    ['take a path, a port and a check', 'host=*;path=/api/;port=9090;check=/up', [8080, 9090], [chosen]],
    [
      'take any port for a redirect',
      'host=*;redirect=A.test',
      [8080, 9090],
      [{ hosts: ['*'], port: 8080, labels: { redirect: 'a.test' } }],
    ],
    [
      'give a container several routes by name',
      'web.host=a.test;web.port=8080;admin.host=b.test;admin.port=9090',
      [8080, 9090],
      [
        { route: 'web', hosts: ['a.test'], port: 8080 },
        { route: 'admin', hosts: ['b.test'], port: 9090 },
      ],
    ],
  ])('%s', (_, short, ports, routes) => {
    const whole = routes.map((route) => ({ route: '', path: '/', labels: {}, ...route }));
    expect(read(labels(short), ports)).toStrictEqual({ routes: whole, faults: [] });
  });

  it.each(['31536000 includeSubDomains', '31536000, includesubdomains', 'max-age=31536000; includeSubDomains'])(
    'take the words of a header: %s',
    (hsts) => {
      const { routes } = read({ 'haproxy.host': '*', 'haproxy.hsts': hsts });
      expect(routes.map((route) => route.labels)).toStrictEqual([{ hsts: '31536000;includeSubDomains' }]);
    },
  );

  it('take a port of a range, which is never chosen by itself', () => {
    const container = { name: 'web', ports: [], ranges: [{ from: 8_000, to: 8_010 }] };
    const port = (value: string) => readLabels({ ...container, labels: labels(`host=*${value}`) });

    expect([port(';port=8000'), port(';port=8010')].map(({ routes }) => routes[0]?.port)).toStrictEqual([8_000, 8_010]);
    expect([port(';port=8011'), port('')].map(({ faults }) => faults[0])).toStrictEqual([
      'container "web": haproxy.port "8011" is not a mapped container port: mapped are 8000-8010',
      'container "web": haproxy.port is needed: mapped are 8000-8010',
    ]);
  });

  it('leave a container without them alone', () => {
    expect(read({ 'com.example.team': 'haproxy' }, [])).toStrictEqual({ routes: [], faults: [] });
  });
});

describe('a fault', () => {
  it.each<[string, string, number[], string]>([
    ['no host', 'path=/', [80], 'haproxy.host is missing; name the hosts to serve'],
    ['an empty host', 'host=', [80], 'haproxy.host "" is not a list of hosts'],
    ['a host with a space', 'host=a b', [80], 'is not a list of hosts'],
    ['a wildcard inside', 'host=a.*.example', [80], 'is not a list of hosts'],
    ['a host with a port', 'host=a.example:80', [80], 'is not a list of hosts'],
    ['a path without a slash', 'host=*;path=api', [80], 'haproxy.path "api" is not a path'],
    ['a path with a brace', 'host=*;path=/{', [80], 'is not a path'],
    ['an unmapped port', 'host=*;port=81', [80], 'haproxy.port "81" is not a mapped container port: mapped are 80'],
    ['two ports, none chosen', 'host=*', [80, 81], 'haproxy.port is needed: mapped are 80, 81'],
    ['no port at all', 'host=*', [], 'haproxy.port is needed: no port is mapped'],
    ['a check that is neither', 'host=*;check=http', [80], 'haproxy.check "http" is not tcp or a path'],
    ['a slip of the pen', 'hots=*', [80], 'unknown label "haproxy.hots"; did you mean haproxy.host?'],
    ['a bad route name', 'a b.host=*', [80], 'unknown label "haproxy.a b.host"'],
    ['a name too deep', 'a.b.host=*', [80], 'unknown label'],
  ])('names the container and %s', (_, short, ports, message) => {
    const { routes, faults } = read(labels(short), ports);
    expect(routes).toStrictEqual([]);
    expect(faults[0]).toContain('container "web"');
    expect(faults.join()).toContain(message);
  });

  it.each(['check.path', 'host.path', 'timeout.host', 'Drain.port'])(
    'is the word of a label as the name of a route: %s',
    (label) => {
      const [word = '', key] = label.split('.');
      const instead = `haproxy.my-${word.toLowerCase()}.${key}`;
      expect(read({ 'haproxy.host': '*', [`haproxy.${label}`]: '/x' }).faults).toStrictEqual([
        `container "web": "haproxy.${label}": "${word}" cannot name a route, because Sluice keeps the word for labels; rename the route, such as ${instead}`,
      ]);
    },
  );

  it('never takes a word that a later label may need', () => {
    const words =
      'host path port check redirect timeout allow deny auth hsts strip maintenance sticky rate proto maxconn weight match ' +
      'header headers balance slowstart compress cors body mode listen drain';
    const isTaken = (word: string) => read({ [`haproxy.${word}.host`]: 'a.example' }).routes.length > 0;
    expect([...words.split(' '), 'shop', 'web-check'].filter(isTaken)).toStrictEqual(['shop', 'web-check']);
  });

  const hints: Record<string, string> = {
    '; did you mean haproxy.host?': 'Haproxy.Host|HAPROXY.HOST|haproxy.Host| haproxy.host|haproxy.host.|haproxy..host',
    '; did you mean haproxy.web.host?': 'haproxy.Web.host|haproxy.web.hots|haproxy.web.host.',
    '; known are': 'haproxy.backend|haproxy.checking.sometimes|haproxy.web.listen',
    '; known are host, path, port, ': 'haproxy.',
    '; did you mean haproxy.check?': 'haproxy.checkout',
    '; did you mean haproxy.a.host?': 'haproxy.a.b.host',
  };
  const nearly = Object.entries(hints).flatMap(([hint, all]) => all.split('|').map((label) => [label, hint] as const));
  it.each(nearly)('is a label that is nearly one: %s', (label, hint) => {
    const { routes, faults } = read({ 'haproxy.host': '*', 'haproxy.path': '/a', [label]: 'x.example' });
    expect(routes).toStrictEqual([]);
    expect(faults).toStrictEqual([expect.stringContaining(`container "web": unknown label "${label}"${hint}`)]);
  });

  it.each([
    ['münchen.example', 'xn--mnchen-3ya.example'],
    ['*.münchen.example', '*.xn--mnchen-3ya.example'],
    ['MÜNCHEN.example, b.example', 'xn--mnchen-3ya.example, b.example'],
    ['例え。テスト', 'xn--r8jz45g.xn--zckzah'],
    ['ａ.example', 'a.example'],
    ['a\u200b.example', 'a.example'],
    ['a_b.example', 'a-b.example'],
    ['_acme.a_.example', 'acme.a.example'],
    ['a.example, -.example', 'a.example'],
    ['a.example.', 'a.example'],
    ['a.example,', 'a.example'],
    [',a.example,,b.example', 'a.example, b.example'],
    ['https://A.example/', 'a.example'],
    ['//a.example', 'a.example'],
    ['a.example:8080', 'a.example'],
    ['http://a.example:8080/x?y#z', 'a.example'],
    ['a.example b.example', 'a.example, b.example'],
    ['a.example;b.example', 'a.example, b.example'],
    ['.example.com', '*.example.com'],
    ['"a.example"', 'a.example'],
    ['http://*', '*'],
    ['a.example,b.example,c.example,d.example,e.example,f_f.example', 'f-f.example'],
  ])('is a host %j, and says what to write', (host, instead) => {
    const { routes, faults } = read({ 'haproxy.host': host });
    expect(routes).toStrictEqual([]);
    expect(faults[0]?.split('*.example.com or *')[1]).toBe(`; write ${instead}`);
    expect(read({ 'haproxy.host': instead }).faults).toStrictEqual([]);
  });

  it.each(['', ',', 'a..example', '-a.example', '[::1]:80', 'a.*.example', '१.2.3', `${'a'.repeat(64)}.x`, '_', '*.'])(
    'is a host %j, for which nothing can be guessed',
    (host) => {
      expect(read({ 'haproxy.host': host }).faults[0]).toMatch(/ is not a list of hosts such as .* or \*$/);
    },
  );

  it('is found at once, however long the label', async () => {
    const dots = `${'.'.repeat(100_000)}x`;
    expect(read({ 'haproxy.host': dots }).faults[0]).toContain('is not a list of hosts');
    expect(read({ [`haproxy.${dots}`]: '*' }).faults[0]).toContain('unknown label "haproxy.');
    // Lets jest find that its time is over.
    await pause(1);
  });

  it('shows a hostile value on one short line', () => {
    const [fault] = read({ 'haproxy.host': `x\n    bind :22\u001b[2J${'y'.repeat(500)}` }).faults;
    expect(fault).toMatch(/^[\x20-\x7e…]{1,220}$/);
    expect(read({ 'haproxy.\u009b2J\u202e': 'x', 'haproxy.host': '\u2028' }).faults).toStrictEqual([
      expect.stringContaining('unknown label "haproxy.\\u{9b}2J\\u{202e}"'),
      expect.stringContaining('haproxy.host "" is not'),
    ]);
  });
});

describe('law 8', () => {
  it('lets nothing through that HAProxy could read as more than one word', () => {
    const hostile = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[a-z.*/ \n"'\\{}%$#[\]-]{0,12}$/));
    const each = { host: hostile, path: hostile, check: hostile, port: hostile };
    const labels = fc.record(each, { requiredKeys: ['host'] });

    fc.assert(
      fc.property(labels, (values) => {
        const named = Object.entries(values).map(([key, value]) => [`haproxy.${key}`, value]);
        const { routes } = read(Object.fromEntries(named));
        const words = routes.flatMap(({ hosts, path, labels }) => [...hosts, path, ...Object.values(labels)]);
        for (const word of words) expect(word).toMatch(/^[A-Za-z0-9._~*/-]+$/);
      }),
      { numRuns: 2_000 },
    );
  });
});

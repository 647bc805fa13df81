import fc from 'fast-check';

import { readLabels } from '../../lib/routes/labels';

const read = (labels: Record<string, string>, ports = [8080]) => readLabels({ name: 'web', labels, ports, ranges: [] });

describe('labels', () => {
  it('route a host to the only mapped port', () => {
    expect(read({ 'haproxy.host': 'shop.example.com' })).toStrictEqual({
      routes: [{ route: '', hosts: ['shop.example.com'], path: '/', port: 8080, check: 'tcp' }],
      faults: [],
    });
  });

  it('take several hosts, wildcards and capitals', () => {
    const { routes } = read({ 'haproxy.host': 'Shop.Example.com, *.example.com,shop.example.com' });

    expect(routes[0]?.hosts).toStrictEqual(['*.example.com', 'shop.example.com']);
  });

  it('take a path, a port and a check', () => {
    const labels = { 'haproxy.host': '*', 'haproxy.path': '/api/', 'haproxy.port': '9090', 'haproxy.check': '/up' };

    expect(read(labels, [8080, 9090]).routes).toStrictEqual([
      { route: '', hosts: ['*'], path: '/api', port: 9090, check: '/up' },
    ]);
  });

  it('give a container several routes by name', () => {
    const labels = { 'haproxy.web.host': 'a.example', 'haproxy.admin.host': 'b.example', 'haproxy.admin.port': '9090' };

    const { routes } = read({ ...labels, 'haproxy.web.port': '8080' }, [8080, 9090]);

    expect(routes.map(({ route, port }) => [route, port])).toStrictEqual([
      ['web', 8080],
      ['admin', 9090],
    ]);
  });

  it('take a port of a range, which is never chosen by itself', () => {
    const container = { name: 'web', ports: [], ranges: [{ from: 8_000, to: 8_010 }] };
    const port = (value: string) =>
      readLabels({ ...container, labels: { 'haproxy.host': '*', ...(value && { 'haproxy.port': value }) } });

    expect([port('8000'), port('8010')].map(({ routes }) => routes[0]?.port)).toStrictEqual([8_000, 8_010]);
    expect([port('8011'), port('')].map(({ faults }) => faults[0])).toStrictEqual([
      'container "web": haproxy.port "8011" is not a mapped container port: mapped are 8000-8010',
      'container "web": haproxy.port is needed: mapped are 8000-8010',
    ]);
  });

  it('leave a container without them alone', () => {
    expect(read({ 'com.example.team': 'haproxy' }, [])).toStrictEqual({ routes: [], faults: [] });
  });
});

describe('a fault', () => {
  it.each([
    ['no host', { 'haproxy.path': '/' }, [80], 'haproxy.host is missing; name the hosts to serve'],
    ['an empty host', { 'haproxy.host': '' }, [80], 'haproxy.host "" is not a list of hosts'],
    ['a host with a space', { 'haproxy.host': 'a b' }, [80], 'is not a list of hosts'],
    ['a wildcard inside', { 'haproxy.host': 'a.*.example' }, [80], 'is not a list of hosts'],
    ['a host with a port', { 'haproxy.host': 'a.example:80' }, [80], 'is not a list of hosts'],
    [
      'a path without a slash',
      { 'haproxy.host': '*', 'haproxy.path': 'api' },
      [80],
      'haproxy.path "api" is not a path',
    ],
    ['a path with a brace', { 'haproxy.host': '*', 'haproxy.path': '/{' }, [80], 'is not a path'],
    [
      'an unmapped port',
      { 'haproxy.host': '*', 'haproxy.port': '81' },
      [80],
      'haproxy.port "81" is not a mapped container port: mapped are 80',
    ],
    ['two ports, none chosen', { 'haproxy.host': '*' }, [80, 81], 'haproxy.port is needed: mapped are 80, 81'],
    ['no port at all', { 'haproxy.host': '*' }, [], 'haproxy.port is needed: no port is mapped'],
    [
      'a check that is neither',
      { 'haproxy.host': '*', 'haproxy.check': 'http' },
      [80],
      'haproxy.check "http" is neither tcp nor a path',
    ],
    ['a slip of the pen', { 'haproxy.hots': '*' }, [80], 'unknown label "haproxy.hots"; did you mean haproxy.host?'],
    ['a bad route name', { 'haproxy.a b.host': '*' }, [80], 'unknown label "haproxy.a b.host"'],
    ['a name too deep', { 'haproxy.a.b.host': '*' }, [80], 'unknown label'],
  ])('names the container and %s', (_, labels, ports, message) => {
    const { routes, faults } = readLabels({ name: 'web', labels: labels as Record<string, string>, ports, ranges: [] });

    expect(routes).toStrictEqual([]);
    expect(faults[0]).toContain('container "web"');
    expect(faults.join()).toContain(message);
  });

  it('shows a hostile value on one short line', () => {
    const [fault] = read({ 'haproxy.host': `x\n    bind :22\u001b[2J${'y'.repeat(500)}` }).faults;

    expect(fault).toMatch(/^[\x20-\x7e…]{1,220}$/);
  });
});

describe('law 8', () => {
  it('lets nothing through that HAProxy could read as more than one word', () => {
    const hostile = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[a-z.*/ \n"'\\{}%$#[\]-]{0,12}$/));
    const labels = fc.record(
      { host: hostile, path: hostile, check: hostile, port: hostile },
      { requiredKeys: ['host'] },
    );

    fc.assert(
      fc.property(labels, (values) => {
        const { routes } = read(
          Object.fromEntries(Object.entries(values).map(([key, value]) => [`haproxy.${key}`, value])),
        );
        for (const { hosts, path, check } of routes) {
          for (const word of [...hosts, path, check]) expect(word).toMatch(/^[A-Za-z0-9._~*/-]+$/);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

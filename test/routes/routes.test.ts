import { backend, definition, fleet, task } from '../builders';
import { decide, host, servers } from './deciding';

describe('routes', () => {
  it('lead to the running tasks of a labelled service', () => {
    const tasks = [task('a'), task('b', { hostPort: 32769, instance: 'host-2' }), task('c', { state: 'starting' })];

    expect(decide({ fleet: fleet(tasks) })).toStrictEqual({
      backends: [
        backend(
          { a: 32768 },
          {
            servers: [
              { name: 'a', address: '10.0.1.7', port: 32768 },
              { name: 'b', address: '10.0.2.9', port: 32769 },
            ],
          },
        ),
      ],
      faults: [],
      doubts: [],
    });
  });

  it('leave a worker without labels alone', () => {
    const worker = task('w', { service: 'worker', definition: 'worker:1' });

    expect(decide({ fleet: fleet([worker], { 'worker:1': definition({}) }) }).backends).toStrictEqual([]);
  });

  it('are the same in whatever order ECS lists tasks', () => {
    const tasks = [
      task('a'),
      task('b', { hostPort: 32769 }),
      task('o', { service: 'other', definition: 'other:1', hostPort: 1 }),
    ];
    const definitions = { 'other:1': host('other.example.com') };
    const names = (order: typeof tasks) =>
      decide({ fleet: fleet(order, definitions) })
        .backends.map(({ name }) => name)
        .sort();

    expect(names(tasks)).toStrictEqual(names([...tasks].reverse()));
  });

  it('follow the newest revision while tasks of both serve', () => {
    const tasks = [task('old'), task('new', { definition: 'shop:2', hostPort: 32769 })];

    const [shop] = decide({
      fleet: fleet(tasks, { 'shop:2': host('new.example.com', 2) }),
      published: [backend()],
    }).backends;

    expect(shop?.routes).toStrictEqual([{ host: 'new.example.com', path: '/', since: 100 }]);
    expect(shop?.servers.map(({ name }) => name).sort()).toStrictEqual(['new', 'old']);
  });

  it('follow the younger family, when a service changes to another', () => {
    const tasks = [
      task('old', { definition: 'shop:57' }),
      task('new', { definition: 'shop-v2:1', family: 'shop-v2', createdAt: 2_000, hostPort: 32769 }),
    ];
    const definitions = { 'shop:57': host('old.example.com', 57), 'shop-v2:1': host('new.example.com', 1) };

    expect(decide({ fleet: fleet(tasks, definitions) }).backends[0]?.routes[0]?.host).toBe('new.example.com');
  });

  it('go when a deploy takes the labels away', () => {
    const bare = task('a', { definition: 'shop:2' });

    expect(
      servers({ fleet: fleet([bare], { 'shop:2': definition({}, 2) }), published: [backend({ a: 32768 })] }),
    ).toStrictEqual({});
  });

  it('give a reused port to its newest task, in whichever service', () => {
    const older = task('older', { createdAt: 1 });
    const newer = task('newer', { service: 'other', definition: 'other:1', createdAt: 2 });

    expect(servers({ fleet: fleet([older, newer], { 'other:1': host('other.example.com') }) })).toStrictEqual({
      'demo.shop': [],
      'demo.other': ['newer'],
    });
  });

  it('give it to the newest task though no route leads there', () => {
    const older = task('older', { createdAt: 1 });
    const newer = task('newer', { service: 'worker', definition: 'worker:1', createdAt: 2 });
    const bound = { containers: [{ name: 'web', running: true, bindings: [] }] };
    const onHost = { 'worker:1': { ...definition({}, 1, [32768]), network: 'host' } };

    expect(servers({ fleet: fleet([older, newer], { 'worker:1': definition({}) }) })).toStrictEqual({
      'demo.shop': [],
    });
    expect(servers({ fleet: fleet([older, { ...newer, ...bound }], onHost) })).toStrictEqual({ 'demo.shop': [] });
  });

  it('give it to no container that has ended, and a host-mode one takes only ports of its own that run', () => {
    const older = task('older', { createdAt: 1 });
    const ended = { name: 'web', running: false, bindings: [{ containerPort: 8080, hostPort: 32768, count: 1 }] };
    const beside = { name: 'beside', running: true, bindings: [] };
    const newer = task('newer', { service: 'other', definition: 'other:1', createdAt: 2, containers: [ended, beside] });

    for (const network of ['bridge', 'host']) {
      const other = { 'other:1': { ...definition({}, 1, [32768]), network } };
      expect(servers({ fleet: fleet([older, newer], other) })).toStrictEqual({ 'demo.shop': ['older'] });
    }
  });

  it('give all ports of a range, and all of an own address, to their newest task', () => {
    const older = task('older', { createdAt: 1 });
    const range = [{ containerPort: 9_000, hostPort: 32_700, count: 100 }];
    const newer = task('newer', { service: 'other', definition: 'other:1', createdAt: 2 });
    const ranged = { ...newer, containers: [{ name: 'web', running: true, bindings: range }] };
    const own = { ...definition({}), network: 'awsvpc' };
    const moved = (id: string) => ({
      ...(id === 'older' ? older : newer),
      containers: [{ name: 'web', running: true, bindings: [], address: '10.0.9.9' }],
    });
    const shop = { ...host('shop.example.com'), network: 'awsvpc' };

    expect(servers({ fleet: fleet([older, ranged], { 'other:1': definition({}) }) })).toStrictEqual({
      'demo.shop': [],
    });
    expect(
      servers({ fleet: fleet([moved('older'), moved('newer')], { 'other:1': own, 'shop:1': shop }) }),
    ).toStrictEqual({ 'demo.shop': [] });
  });

  it('give it to the same one of two that began together, in whatever order ECS lists them', () => {
    const two = [task('a'), task('b', { service: 'other', definition: 'other:1' })];
    const other = { 'other:1': host('other.example.com') };

    expect(servers({ fleet: fleet([...two].reverse(), other) })).toStrictEqual(servers({ fleet: fleet(two, other) }));
  });

  const bare = { containers: [{ name: 'web', running: true, bindings: [] }] };
  const ofNobody = new Map([['host-1', { instanceId: 'i-1', draining: false }]]);
  const own = { 'shop:1': { ...definition({ 'haproxy.host': '*' }), network: 'awsvpc' } };
  it.each([
    [
      'ECS does not describe its container instance, and it joins once it does',
      fleet([task('a', { instance: 'host-9' })]),
    ],
    [
      'EC2 shows no private address of i-1, and it joins once it does; see whether the instance runs in this account and region',
      { ...fleet([task('a')]), hosts: ofNobody },
    ],
    [
      'ECS names no host port of it, and it joins once it does; see whether its container runs and maps the port',
      fleet([task('a', bare)]),
    ],
    ['it joins once ECS names one', fleet([task('a')], own)],
  ])('wait for a task whose address nobody knows yet, and say so: %s', (why, asked) => {
    const { backends, faults } = decide({ fleet: asked });

    expect(backends[0]?.servers).toStrictEqual([]);
    expect(faults).toStrictEqual([
      {
        service: 'demo/shop',
        message: `demo/shop: task a runs but has no address for port 8080 yet; ${why}`,
      },
    ]);
  });

  const bound = { containers: [{ name: 'web', running: true, bindings: [], ipv6Only: true as const }] };
  const awsvpc = { 'shop:1': { ...host('shop.example.com'), network: 'awsvpc' } };
  const hosts = new Map([['host-1', { instanceId: 'i-1', draining: false, ipv6Only: true as const }]]);
  it.each([
    ['of its own', fleet([task('a', bound)], awsvpc)],
    ['of its host', { ...fleet([task('a')]), hosts }],
  ])('refuse a task that has only an IPv6 address %s', (_, asked) => {
    expect(decide({ fleet: asked }).faults).toStrictEqual([
      {
        service: 'demo/shop',
        message:
          'demo/shop: task a runs but has only an IPv6 address, and the proxy speaks IPv4; run it in a subnet with IPv4',
      },
    ]);
  });

  it('keep a published server while EC2 does not name its address', () => {
    const look = { fleet: fleet([task('a', { instance: 'host-9' })]), published: [backend({ a: 32768 })] };

    expect(servers(look)).toStrictEqual({ 'demo.shop': ['a'] });
  });

  it('avoid a task that ECS calls unhealthy, but not the last one', () => {
    const sick = task('sick', { unhealthy: true });

    expect(servers({ fleet: fleet([sick, task('well', { hostPort: 32769 })]) })).toStrictEqual({
      'demo.shop': ['well'],
    });
    expect(servers({ fleet: fleet([sick]) })).toStrictEqual({ 'demo.shop': ['sick'] });
  });
});

describe('a warning', () => {
  const [a, b] = [task('a'), task('b', { hostPort: 32769, instance: 'host-2' })];
  const second = (look: Parameters<typeof decide>[0]) =>
    decide(look)
      .backends[0]?.servers.filter((server) => server.second)
      .map(({ name }) => name);
  const draining = {
    ...fleet([a, b]),
    hosts: new Map(fleet([]).hosts).set('host-1', { instanceId: 'i-1', address: '10.0.1.7', draining: true }),
  };

  it('of a Spot instance makes its tasks second choice, and is remembered', () => {
    const [shop] = decide({ fleet: fleet([a, b]), warned: new Set(['i-1']) }).backends;

    expect(shop?.servers).toContainEqual({ name: 'a', address: '10.0.1.7', port: 32768, second: true });
    expect(second({ fleet: fleet([a, b]), published: shop ? [shop] : [] })).toStrictEqual(['a']);
  });

  it('of a draining host counts while it drains', () => {
    expect(second({ fleet: draining })).toStrictEqual(['a']);
    expect(second({ fleet: fleet([a, b]) })).toStrictEqual([]);
  });

  it('changes nothing when too few others are there', () => {
    const c = task('c', { hostPort: 32770 });

    expect(second({ fleet: { ...draining, tasks: [a, b, c] } })).toStrictEqual([]);
    expect(second({ fleet: { ...draining, tasks: [a] } })).toStrictEqual([]);
  });

  it('is void when the instance is still there after ten minutes', () => {
    const published = [backend({ a: 32768 }, { warned: { a: 100 } })];

    expect(second({ fleet: fleet([a, b]), published, now: 699 })).toStrictEqual(['a']);
    expect(second({ fleet: fleet([a, b]), published, now: 700 })).toStrictEqual([]);
  });
});

describe('a faulty label', () => {
  const faulty = { 'shop:2': definition({ 'haproxy.host': 'shop.example.com', 'haproxy.pat': '/' }, 2) };

  it('keeps the last good route, filled with the running tasks', () => {
    const tasks = [task('old', { state: 'stopping' }), task('new', { definition: 'shop:2', hostPort: 32769 })];
    const { backends, faults } = decide({ fleet: fleet(tasks, faulty), published: [backend({ old: 32768 })] });

    expect(backends[0]).toStrictEqual(backend({ new: 32769 }, { stopped: { old: 100 } }));
    expect(faults).toStrictEqual([
      {
        service: 'demo/shop',
        message: expect.stringContaining(
          'demo/shop, revision 2: container "web": unknown label "haproxy.pat"; did you mean haproxy.path?',
        ),
      },
    ]);
  });

  it('leaves other services alone', () => {
    const other = task('o', { service: 'other', definition: 'other:1', hostPort: 1 });
    const look = {
      fleet: fleet([task('a', { definition: 'shop:2' }), other], { ...faulty, 'other:1': host('other.example.com') }),
    };

    expect(servers(look)).toStrictEqual({ 'demo.other': ['o'] });
  });
});

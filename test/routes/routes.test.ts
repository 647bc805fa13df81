import type { Task } from '../../lib/fleet/task';
import { contest } from '../../lib/routes/contest';
import type { Look } from '../../lib/routes/look';
import { decideRoutes } from '../../lib/routes/routes';
import { backend, definition, fleet, task } from '../builders';

const decide = (look: Partial<Look> & Pick<Look, 'fleet'>) =>
  decideRoutes({ published: [], warned: new Set(), now: 100, ...look });
const servers = (look: Partial<Look> & Pick<Look, 'fleet'>) =>
  Object.fromEntries(decide(look).backends.map((each) => [each.name, each.servers.map(({ name }) => name)]));
const host = (name: string, revision = 1) => definition({ 'haproxy.host': name }, revision);

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

describe('a stop order', () => {
  const stopping = task('a', { state: 'stopping' });

  it('ends a server at once and is remembered', () => {
    const [shop] = decide({
      fleet: fleet([stopping, task('b', { hostPort: 32769 })]),
      published: [backend({ a: 32768 })],
    }).backends;

    expect(shop?.servers.map(({ name }) => name)).toStrictEqual(['b']);
    expect(shop?.stopped).toStrictEqual({ a: 100 });
  });

  it('is final: an older answer of ECS does not bring the task back', () => {
    const look = {
      fleet: fleet([task('a'), task('b', { hostPort: 32769 })]),
      published: [backend({}, { stopped: { a: 90 } })],
    };

    expect(servers(look)).toStrictEqual({ 'demo.shop': ['b'] });
  });

  it('is remembered without its backend, when the labels are gone', () => {
    const bare = { 'shop:2': definition({}, 2) };
    const tasks = [task('a', { state: 'stopping' }), task('b', { definition: 'shop:2', hostPort: 32769 })];
    const [kept] = decide({ fleet: fleet(tasks, bare), published: [backend({ a: 32768 })] }).backends;

    expect(kept).toMatchObject({ routes: [], servers: [], stopped: { a: 100 } });
    const later = {
      fleet: fleet([task('b', { definition: 'shop:2', hostPort: 32769 })], bare),
      published: kept ? [kept] : [],
    };
    expect(decide({ ...later, now: 3_600 })).toMatchObject({ backends: [{ stopped: { a: 100 } }], doubts: [] });
    expect(decide({ ...later, now: 3_700 }).backends).toStrictEqual([]);
  });

  it('is forgotten after an hour', () => {
    const look = { fleet: fleet([task('b')]), published: [backend({}, { stopped: { a: 100 } })], now: 3700 };

    expect(decide(look).backends[0]?.stopped).toStrictEqual({});
  });

  it('of every task leaves the route, which then answers 503', () => {
    const look = { fleet: fleet([stopping]), published: [backend({ a: 32768 })], witness: new Map([['demo/shop', 0]]) };

    expect(servers(look)).toStrictEqual({ 'demo.shop': [] });
  });
});

describe('law 3', () => {
  const published = [backend({ a: 32768, b: 32769, c: 32770 })];

  it('asks the service before most of its servers vanish without a stop order', () => {
    const { backends, doubts } = decide({ fleet: fleet([task('c', { hostPort: 32770 })]), published });

    expect(doubts).toStrictEqual(['demo/shop']);
    expect(backends[0]?.servers.map(({ name }) => name)).toStrictEqual(['c', 'a', 'b']);
  });

  it('keeps them while the service counts more running tasks than were described', () => {
    const look = { fleet: fleet([task('c', { hostPort: 32770 })]), published, witness: new Map([['demo/shop', 3]]) };

    expect(servers(look)).toStrictEqual({ 'demo.shop': ['c', 'a', 'b'] });
    expect(decide(look).doubts).toStrictEqual(['demo/shop']);
  });

  it('lets them go when the service agrees', () => {
    const look = { fleet: fleet([task('c', { hostPort: 32770 })]), published, witness: new Map([['demo/shop', 1]]) };

    expect(servers(look)).toStrictEqual({ 'demo.shop': ['c'] });
    expect(decide(look).doubts).toStrictEqual([]);
  });

  it('asks the service before the last server goes because its address belongs to a younger task', () => {
    const younger = task('y', { service: 'worker', definition: 'worker:1', createdAt: 2_000 });
    const look = {
      fleet: fleet([task('a'), younger], { 'worker:1': definition({}) }),
      published: [backend({ a: 32768 })],
    };
    const counted = (count: number) => decide({ ...look, witness: new Map([['demo/shop', count]]) });

    expect(decide(look).doubts).toStrictEqual(['demo/shop']);
    expect(counted(1).doubts).toStrictEqual(['demo/shop']);
    expect(counted(0)).toMatchObject({ doubts: [], backends: [{ servers: [] }] });
    expect(counted(0).faults).toStrictEqual([
      {
        service: 'demo/shop',
        message:
          'demo/shop: task a gets no more requests: 10.0.1.7:32768 now belongs to the younger task y of demo/worker; ECS should report its end soon, else stop it',
      },
    ]);
  });

  it('keeps no server that nobody describes at an address that another task has', () => {
    const younger = task('y', { service: 'worker', definition: 'worker:1' });
    const look = {
      fleet: fleet([younger], { 'worker:1': definition({}) }),
      published: [backend({ a: 32768, b: 32769 })],
      witness: new Map([['demo/shop', 2]]),
    };

    expect(servers(look)).toStrictEqual({ 'demo.shop': ['b'] });
    expect(decide(look).doubts).toStrictEqual(['demo/shop']);
  });

  it('keeps everything when ECS suddenly describes nothing', () => {
    expect(servers({ fleet: fleet([]), published, witness: new Map([['demo/shop', 3]]) })).toStrictEqual({
      'demo.shop': ['a', 'b', 'c'],
    });
  });

  it('drops a service that is deleted', () => {
    expect(servers({ fleet: fleet([]), published, witness: new Map() })).toStrictEqual({});
  });

  it('does not doubt a single task that is gone', () => {
    const tasks = [task('b', { hostPort: 32769 }), task('c', { hostPort: 32770 })];

    expect(decide({ fleet: fleet(tasks), published }).doubts).toStrictEqual([]);
  });
});

describe('the way a task is reached', () => {
  const at = (network: string, given: Parameters<typeof task>[1] = {}) =>
    decide({ fleet: fleet([task('a', given)], { 'shop:1': { ...host('shop.example.com'), network } }) });

  it.each([
    ['bridge', {}, '10.0.1.7', 32768],
    ['host', { containers: [{ name: 'web', running: true, bindings: [] }] }, '10.0.1.7', 8080],
    ['awsvpc', { containers: [{ name: 'web', running: true, bindings: [], address: '10.0.9.9' }] }, '10.0.9.9', 8080],
  ])('in %s mode', (network, given, address, port) => {
    expect(at(network, given).backends[0]?.servers).toStrictEqual([{ name: 'a', address, port }]);
  });

  it('through a range of ports, at the same place within it', () => {
    const labels = { 'haproxy.host': 'shop.example.com', 'haproxy.port': '8005' };
    const shop = {
      ...definition(labels),
      containers: [{ name: 'web', labels, ports: [], ranges: [{ from: 8_000, to: 8_009 }] }],
    };
    const bindings = [{ containerPort: 8_000, hostPort: 40_000, count: 10 }];
    const tasks = [task('a', { containers: [{ name: 'web', running: true, bindings }] })];

    expect(decide({ fleet: fleet(tasks, { 'shop:1': shop }) }).backends[0]?.servers[0]?.port).toBe(40_005);
  });

  it.each([
    ['an external instance', () => at('bridge', { external: true }), 'run it on EC2 or Fargate'],
    ['no network', () => at('none'), 'its network mode is none; use bridge, host or awsvpc'],
  ])('is refused for %s', (_, decided, advice) => {
    expect(decided().backends).toStrictEqual([]);
    expect(decided().faults[0]?.message).toContain(advice);
  });
});

describe('a task that no service started', () => {
  const alone = (id: string, given = {}) => task(id, { service: '.migrate', definition: 'migrate:1', ...given });
  const definitions = { 'migrate:1': host('migrate.example.com') };
  const before = backend({ a: 32768 }, { name: 'demo..migrate', service: '.migrate' });

  it('is served by its family', () => {
    expect(servers({ fleet: fleet([alone('a')], definitions) })).toStrictEqual({ 'demo..migrate': ['a'] });
  });

  it('takes its route away when it ends, for nobody will start another', () => {
    const ended = decide({ fleet: fleet([alone('a', { state: 'stopping' })], definitions), published: [before] });

    expect(ended.backends).toMatchObject([{ routes: [], servers: [], stopped: { a: 100 } }]);
    expect(servers({ fleet: fleet([]), published: [before] })).toStrictEqual({});
  });

  it('never keeps a route from a service, whichever was first', () => {
    const [once, lasting] = [task('o', { service: '.shop' }), task('s', { createdAt: 5_000, hostPort: 32769 })];
    const first = decide({ fleet: fleet([once]) }).backends;
    const then = decide({ fleet: fleet([once, lasting]), published: first, now: 200 });

    expect(
      Object.fromEntries(then.backends.map(({ name, servers }) => [name, servers.map(({ name }) => name)])),
    ).toStrictEqual({ 'demo.shop': ['s'] });
    expect(then.faults).toStrictEqual([
      {
        service: 'demo/.shop',
        message:
          'demo/.shop: shop.example.com/ is already served by demo/shop, and a task that was started alone takes none away',
      },
    ]);
  });

  it('never meets a service of the same name', () => {
    const twin = task('s', { service: 'migrate', definition: 'twin:1', hostPort: 32769 });

    expect(
      servers({ fleet: fleet([alone('a'), twin], { ...definitions, 'twin:1': host('twin.example.com') }) }),
    ).toStrictEqual({
      'demo.migrate': ['s'],
      'demo..migrate': ['a'],
    });
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

describe('two services with one host and path', () => {
  const rival = task('r', { service: 'rival', definition: 'rival:1', hostPort: 32769 });
  const both = fleet([task('a'), rival], { 'rival:1': host('shop.example.com') });

  it('leave it with the one published first, and name the other', () => {
    const published = [backend({}, { name: 'demo.rival', service: 'rival' })];

    expect(servers({ fleet: both, published })).toStrictEqual({ 'demo.rival': ['r'] });
    expect(decide({ fleet: both, published, now: 200 }).faults).toStrictEqual([
      {
        service: 'demo/shop',
        message: 'demo/shop: shop.example.com/ is already served by demo/rival; change one of the two',
      },
    ]);
  });

  it('leave it with the one whose tasks are older, when nothing is published any more', () => {
    const older = fleet([task('a', { createdAt: 1 }), rival], { 'rival:1': host('shop.example.com') });

    expect(servers({ fleet: older })).toStrictEqual({ 'demo.shop': ['a'] });
  });

  it('settle it by name when both are new', () => {
    expect(servers({ fleet: both })).toStrictEqual({ 'demo.rival': ['r'] });
  });

  it('share a host by paths', () => {
    const api = { 'rival:1': definition({ 'haproxy.host': 'shop.example.com', 'haproxy.path': '/api' }) };

    expect(servers({ fleet: fleet([task('a'), rival], api) })).toStrictEqual({
      'demo.shop': ['a'],
      'demo.rival': ['r'],
    });
  });

  it('give back what another was just given, when its service falls back to it', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name, index) =>
      task(name, { service: name, definition: `${name}:1`, createdAt: index, hostPort: 32_768 + index }),
    ) as [Task, Task, Task];
    const published = [
      backend({}, { name: 'demo.b', service: 'b', routes: [{ host: 'x.test', path: '/', since: 1 }] }),
      backend({}, { name: 'demo.c', service: 'c', routes: [{ host: 'y.test', path: '/', since: 1 }] }),
    ];
    const definitions = { 'a:1': host('x.test'), 'b:1': host('y.test'), 'c:1': host('y.test') };
    const { backends, faults } = decide({ fleet: fleet([a, b, c], definitions), published });

    expect(backends.map(({ name, routes }) => [name, routes[0]?.host])).toStrictEqual([
      ['demo.b', 'x.test'],
      ['demo.c', 'y.test'],
    ]);
    expect(faults.map(({ service }) => service).sort()).toStrictEqual(['demo/a', 'demo/b']);
  });

  it('is settled without looking at everybody again for each one that loses', () => {
    let looks = 0;
    const contenders = Array.from({ length: 300 }, (_, index) => ({
      service: `demo/s${index}`,
      isService: true,
      get wanted() {
        looks += 1;
        return [backend({}, { service: `s${index}` })];
      },
      published: [],
    }));

    expect(contest(contenders, new Set()).faults).toHaveLength(299);
    expect(looks).toBeLessThanOrEqual(2 * contenders.length);
  });

  it('hand it over in one step when the first one is deleted', () => {
    const published = [backend({ gone: 1 }, { name: 'demo.old', service: 'old' })];

    expect(servers({ fleet: fleet([task('a')]), published, witness: new Map() })).toStrictEqual({ 'demo.shop': ['a'] });
  });
});

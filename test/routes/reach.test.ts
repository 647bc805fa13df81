import { backend, definition, task } from '../builders';
import { decide, host, look, servers } from './deciding';

describe('the way a task is reached', () => {
  const at = (network: string, given: Parameters<typeof task>[1] = {}) =>
    decide(look([task('a', given)], { 'shop:1': { ...host('shop.example.com'), network } }));

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

    expect(decide(look(tasks, { 'shop:1': shop })).backends[0]?.servers[0]?.port).toBe(40_005);
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
    expect(servers(look([alone('a')], definitions))).toStrictEqual({ 'demo..migrate': ['a'] });
  });

  it('takes its route away when it ends, because no service starts another', () => {
    const ended = decide(look([alone('a', { state: 'stopping' })], definitions, { published: [before] }));
    expect(ended.backends).toMatchObject([{ routes: [], servers: [], stopped: { a: 100 } }]);
    expect(servers(look([], {}, { published: [before] }))).toStrictEqual({});
  });

  it('never keeps a route from a service, whichever was first', () => {
    const [once, lasting] = [task('o', { service: '.shop' }), task('s', { createdAt: 5_000, hostPort: 32769 })];
    const seen = look([once, lasting], {}, { published: decide(look([once])).backends, now: 200 });
    expect(servers(seen)).toStrictEqual({ 'demo.shop': ['s'] });
    expect(decide(seen).faults[0]?.message).toBe(
      'demo/.shop: shop.example.com/ is already served by demo/shop, and a task that was started alone takes none away',
    );
  });

  it('never meets a service of the same name', () => {
    const twin = task('s', { service: 'migrate', definition: 'twin:1', hostPort: 32769 });
    const seen = look([alone('a'), twin], { ...definitions, 'twin:1': host('twin.example.com') });
    expect(servers(seen)).toStrictEqual({ 'demo.migrate': ['s'], 'demo..migrate': ['a'] });
  });
});

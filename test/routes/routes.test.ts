import { backend, definition, fleet, task } from '../builders';
import { decide, host, look, of, servers } from './deciding';

describe('routes', () => {
  it('lead to the running tasks of a labelled service', () => {
    const tasks = [task('a'), task('b', { hostPort: 32769, instance: 'host-2' }), task('c', { state: 'starting' })];
    const reached = [...backend({ a: 32768 }).servers, { name: 'b', address: '10.0.2.9', port: 32769 }];
    const backends = [backend({}, { servers: reached })];
    expect(decide(look(tasks))).toStrictEqual({ backends, faults: [], doubts: [] });
  });

  it('follow the newest revision while tasks of both serve', () => {
    const tasks = [task('old'), task('new', { definition: 'shop:2', hostPort: 32769 })];
    const seen = look(tasks, { 'shop:2': host('new.example.com', 2) }, { published: [backend()] });
    expect(decide(seen).backends[0]?.routes).toStrictEqual([{ host: 'new.example.com', path: '/', since: 100 }]);
    expect(servers(seen)).toStrictEqual({ 'demo.shop': ['new', 'old'] });
  });

  it('follow the younger family, when a service changes to another', () => {
    const family = { definition: 'shop-v2:1', family: 'shop-v2', createdAt: 2_000, hostPort: 32769 };
    const tasks = [task('old', { definition: 'shop:57' }), task('new', family)];
    const definitions = { 'shop:57': host('old.example.com', 57), 'shop-v2:1': host('new.example.com', 1) };
    expect(decide(look(tasks, definitions)).backends[0]?.routes[0]?.host).toBe('new.example.com');
  });

  it('go when a deploy takes the labels away', () => {
    const bare = look([task('a', { definition: 'shop:2' })], { 'shop:2': definition({}, 2) });
    expect(servers({ ...bare, published: [backend({ a: 32768 })] })).toStrictEqual({});
  });

  it('avoid a task that ECS calls unhealthy, but not the last one', () => {
    const sick = task('sick', { unhealthy: true });
    expect(servers(look([sick, task('well', { hostPort: 32769 })]))).toStrictEqual({ 'demo.shop': ['well'] });
    expect(servers(look([sick]))).toStrictEqual({ 'demo.shop': ['sick'] });
  });
});

describe('a warning', () => {
  const [a, b] = [task('a'), task('b', { hostPort: 32769, instance: 'host-2' })];
  const second = (seen: Parameters<typeof decide>[0]) =>
    decide(seen)
      .backends[0]?.servers.filter((server) => server.second)
      .map(({ name }) => name);
  const drained = { instanceId: 'i-1', address: '10.0.1.7', draining: true };
  const draining = { ...fleet([a, b]), hosts: new Map(fleet([]).hosts).set('host-1', drained) };

  it('of a Spot instance makes its tasks second choice, and is remembered', () => {
    const { backends } = decide(look([a, b], {}, { warned: new Set(['i-1']) }));
    expect(backends[0]?.servers).toContainEqual({ name: 'a', address: '10.0.1.7', port: 32768, second: true });
    expect(second(look([a, b], {}, { published: backends }))).toStrictEqual(['a']);
  });

  it('of a draining host counts while it drains', () => {
    expect(second({ fleet: draining })).toStrictEqual(['a']);
    expect(second(look([a, b]))).toStrictEqual([]);
  });

  it('changes nothing when too few others are there', () => {
    const c = task('c', { hostPort: 32770 });
    expect(second({ fleet: { ...draining, tasks: [a, b, c] } })).toStrictEqual([]);
    expect(second({ fleet: { ...draining, tasks: [a] } })).toStrictEqual([]);
  });

  it('is void when the instance is still there after ten minutes', () => {
    const published = [backend({ a: 32768 }, { warned: { a: 100 } })];
    expect(second(look([a, b], {}, { published, now: 699 }))).toStrictEqual(['a']);
    expect(second(look([a, b], {}, { published, now: 700 }))).toStrictEqual([]);
  });
});

describe('a faulty label', () => {
  const faulty = { 'shop:2': definition({ 'haproxy.host': 'shop.example.com', 'haproxy.pat': '/' }, 2) };
  const fault = 'demo/shop, revision 2: container "web": unknown label "haproxy.pat"; did you mean haproxy.path?';

  it('keeps the last good route, filled with the running tasks', () => {
    const tasks = [task('old', { state: 'stopping' }), task('new', { definition: 'shop:2', hostPort: 32769 })];
    const { backends, faults } = decide(look(tasks, faulty, { published: [backend({ old: 32768 })] }));
    expect(backends[0]).toStrictEqual(backend({ new: 32769 }, { stopped: { old: 100 } }));
    expect(faults).toStrictEqual([{ service: 'demo/shop', message: expect.stringContaining(fault) }]);
  });

  it('leaves other services alone', () => {
    const tasks = [task('a', { definition: 'shop:2' }), of('other', 'o', { hostPort: 1 })];
    const definitions = { ...faulty, 'other:1': host('other.example.com') };
    expect(servers(look(tasks, definitions))).toStrictEqual({ 'demo.other': ['o'] });
  });
});

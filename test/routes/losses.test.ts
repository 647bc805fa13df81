import { backend, definition, fleet, task } from '../builders';
import { ask, decide, servers } from './deciding';

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
    expect(ask({ fleet: fleet([task('c', { hostPort: 32770 })]), published })).toStrictEqual(['demo/shop']);
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

    expect(ask(look)).toStrictEqual(['demo/shop']);
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

    expect(ask({ fleet: fleet(tasks), published })).toStrictEqual([]);
  });
});

import { backend, definition, task } from '../builders';
import { ask, decide, look, of, servers } from './deciding';

const [b, c] = [task('b', { hostPort: 32769 }), task('c', { hostPort: 32770 })];
const counts = (count: number) => new Map([['demo/shop', count]]);

describe('a stop order', () => {
  const stopping = task('a', { state: 'stopping' });

  it('ends a server at once and is remembered', () => {
    const { backends } = decide(look([stopping, b], {}, { published: [backend({ a: 32768 })] }));
    expect(backends).toMatchObject([{ servers: [{ name: 'b' }], stopped: { a: 100 } }]);
  });

  it('is final: an older answer of ECS does not bring the task back', () => {
    const published = [backend({}, { stopped: { a: 90 } })];
    expect(servers(look([task('a'), b], {}, { published }))).toStrictEqual({ 'demo.shop': ['b'] });
  });

  it('is remembered without its backend, when the labels are gone', () => {
    const bare = { 'shop:2': definition({}, 2) };
    const unlabelled = task('b', { definition: 'shop:2', hostPort: 32769 });
    const { backends: published } = decide(look([stopping, unlabelled], bare, { published: [backend({ a: 32768 })] }));

    expect(published).toMatchObject([{ routes: [], servers: [], stopped: { a: 100 } }]);
    const later = (now: number) => decide(look([unlabelled], bare, { published, now }));
    expect(later(3_600)).toMatchObject({ backends: [{ stopped: { a: 100 } }], doubts: [] });
    expect(later(3_700).backends).toStrictEqual([]);
  });

  it('is forgotten after an hour', () => {
    const seen = look([task('b')], {}, { published: [backend({}, { stopped: { a: 100 } })], now: 3700 });
    expect(decide(seen).backends[0]?.stopped).toStrictEqual({});
  });

  it('of every task leaves the route, which then answers 503', () => {
    const seen = look([stopping], {}, { published: [backend({ a: 32768 })], witness: counts(0) });
    expect(servers(seen)).toStrictEqual({ 'demo.shop': [] });
  });
});

describe('law 3', () => {
  const published = [backend({ a: 32768, b: 32769, c: 32770 })];

  it('asks the service before most of its servers vanish without a stop order', () => {
    expect(ask(look([c], {}, { published }))).toStrictEqual(['demo/shop']);
    expect(ask(look([b, c], {}, { published }))).toStrictEqual([]);
  });

  it.each([
    ['keeps them while the service counts more running tasks than were described', [c], 3, ['c', 'a', 'b']],
    ['lets them go when the service agrees', [c], 1, ['c']],
    ['keeps everything when ECS suddenly describes nothing', [], 3, ['a', 'b', 'c']],
  ])('%s', (_, tasks, count, expected) => {
    const seen = look(tasks, {}, { published, witness: counts(count) });
    expect(servers(seen)).toStrictEqual({ 'demo.shop': expected });
    expect(decide(seen).doubts).toStrictEqual(count === 3 ? ['demo/shop'] : []);
  });

  it('drops a service that is deleted', () => {
    expect(servers(look([], {}, { published, witness: new Map() }))).toStrictEqual({});
  });

  const worker = { 'worker:1': definition({}) };
  it('asks the service before the last server goes because its address belongs to a younger task', () => {
    const tasks = [task('a'), of('worker', 'y', { createdAt: 2_000 })];
    const seen = look(tasks, worker, { published: [backend({ a: 32768 })] });
    const counted = (count: number) => decide({ ...seen, witness: counts(count) });

    expect(ask(seen)).toStrictEqual(['demo/shop']);
    expect(counted(1).doubts).toStrictEqual(['demo/shop']);
    expect(counted(0)).toMatchObject({ doubts: [], backends: [{ servers: [] }] });
    expect(counted(0).faults[0]?.message).toBe(
      'demo/shop: task a gets no more requests: 10.0.1.7:32768 now belongs to the younger task y of demo/worker; ECS should report its end soon; if not, stop it',
    );
  });

  it('keeps no server that ECS does not describe at an address that another task has', () => {
    const two = [backend({ a: 32768, b: 32769 })];
    const seen = look([of('worker', 'y')], worker, { published: two, witness: counts(2) });
    expect(servers(seen)).toStrictEqual({ 'demo.shop': ['b'] });
    expect(decide(seen).doubts).toStrictEqual(['demo/shop']);
  });
});

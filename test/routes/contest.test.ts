import type { Task } from '../../lib/fleet/task';
import { contest } from '../../lib/routes/contest';
import { backend, definition, fleet, task } from '../builders';
import { decide, host, servers } from './deciding';

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

import { contest } from '../../lib/routes/contest';
import { backend, definition, task } from '../builders';
import { decide, host, look, of, servers } from './deciding';

describe('two services with one host and path', () => {
  const rival = of('rival', 'r', { hostPort: 32769 });
  const same = { 'rival:1': host('shop.example.com') };
  const both = look([task('a'), rival], same);

  it('leave it with the one published first, and name the other', () => {
    const published = [backend({}, { name: 'demo.rival', service: 'rival' })];
    const message = 'demo/shop: shop.example.com/ is already served by demo/rival; change one of the two';
    expect(servers({ ...both, published })).toStrictEqual({ 'demo.rival': ['r'] });
    expect(decide({ ...both, published, now: 200 }).faults).toStrictEqual([{ service: 'demo/shop', message }]);
  });

  it('leave it with the one whose tasks are older, and settle it by name when both are new', () => {
    expect(servers(look([task('a', { createdAt: 1 }), rival], same))).toStrictEqual({ 'demo.shop': ['a'] });
    expect(servers(both)).toStrictEqual({ 'demo.rival': ['r'] });
  });

  it('share a host by paths', () => {
    const api = { 'rival:1': definition({ 'haproxy.host': 'shop.example.com', 'haproxy.path': '/api' }) };
    expect(servers(look([task('a'), rival], api))).toStrictEqual({ 'demo.shop': ['a'], 'demo.rival': ['r'] });
  });

  it('give back what another was just given, when its service falls back to it', () => {
    const tasks = ['a', 'b', 'c'].map((name, n) => of(name, name, { createdAt: n, hostPort: 32_768 + n }));
    const had = (service: string, at: string) =>
      backend({}, { name: `demo.${service}`, service, routes: [{ host: at, path: '/', since: 1 }] });
    const definitions = { 'a:1': host('x.test'), 'b:1': host('y.test'), 'c:1': host('y.test') };
    const published = [had('b', 'x.test'), had('c', 'y.test')];
    const { backends, faults } = decide(look(tasks, definitions, { published }));

    const served = backends.map(({ name, routes }) => `${name} ${routes[0]?.host}`);
    expect(served).toStrictEqual(['demo.b x.test', 'demo.c y.test']);
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
    expect(servers(look([task('a')], {}, { published, witness: new Map() }))).toStrictEqual({ 'demo.shop': ['a'] });
  });
});

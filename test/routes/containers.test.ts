import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';

import { type Backend, parseBackend } from '../../lib/haproxy/backend';
import { at, type Containers, containers, decide, long, names, served, servedText } from './revisions';

const both = { web: at('a.test'), admin: at('b.test') };
const turned = { admin: at('b.test'), web: at('a.test') };

describe('two labelled containers of a task', () => {
  it('are two backends, in either order: each host leads to its own', () => {
    expect(decide([both]).faults).toStrictEqual([]);
    expect(served(decide([both]))).toStrictEqual({ 'a.test': 't1 web', 'b.test': 't1 admin' });
    expect(names(decide([both]))).toStrictEqual(['demo.shop..admin', 'demo.shop..web']);
    expect(decide([turned])).toStrictEqual(decide([both]));
  });

  it.each<[string, string, string, string]>([
    ['turns them round', 'web a; admin b', 'admin b; web a', 'a: t1 web, t2 web | b: t1 admin, t2 admin'],
    ['exchanges their hosts', 'web a; admin b', 'web b; admin a', 'a: t1 web, t2 admin | b: t1 admin, t2 web'],
    ['adds the second', 'web a', 'web a; admin b', 'a: t1 web, t2 web | b: t2 admin'],
    ['takes the second away', 'web a; admin b', 'web a', 'a: t1 web, t2 web | b: t1 admin'],
    ['gives the second a host of the first', 'web a,b', 'web a; admin b', 'a: t1 web, t2 web | b: t1 web, t2 admin'],
    ['gives the first the host of the second', 'web a; admin b', 'web a,b', 'a: t1 web, t2 web | b: t1 admin, t2 web'],
    ['renames one', 'web a; admin b', 'app a; admin b', 'a: t1 web, t2 app | b: t1 admin, t2 admin'],
    ['changes the host of one', 'web a; admin b', 'web c; admin b', 'b: t1 admin, t2 admin | c: t1 web, t2 web'],
    ['moves both on', 'web a; admin b', 'web b; admin c', 'a: t1 web | b: t1 admin, t2 web | c: t2 admin'],
    ['renames the only one and changes its host', 'web a', 'app c', 'c: t1 web, t2 app'],
  ])('go on when a revision %s', (_, before, after, expected) => goOn(containers(before), containers(after), expected));

  function goOn(before: Containers, after: Containers, expected: string): void {
    const first = decide([before]);
    const next = decide([before, after], first.backends);

    expect(next.faults).toStrictEqual([]);
    expect(servedText(next)).toBe(expected);
    expect(servedText(decide([before, after]))).toBe(expected);
    expect(served(decide([after], next.backends, 2))).toStrictEqual(served(decide([after], [], 2)));
  }

  it('keep their backends, so that nothing is reloaded, where the hosts stay', () => {
    const first = decide([both]);
    const again = [turned, { web: at('b.test'), admin: at('a.test') }, { app: at('a.test'), admin: at('b.test') }];
    for (const after of again) expect(names(decide([both, after], first.backends))).toStrictEqual(names(first));
  });

  it('and a route never meet in one name', () => {
    const routes = { web: { ...at('a.test'), 'haproxy.admin.host': 'c.test' }, admin: at('b.test') };
    expect(served(decide([routes]))).toStrictEqual({ 'a.test': 't1 web', 'b.test': 't1 admin', 'c.test': 't1 web' });
    expect(new Set(names(decide([routes]))).size).toBe(3);
  });

  it('that claim the same host are a fault of their service', () => {
    const { backends, faults } = decide([{ web: at('a.test'), admin: at('a.test') }]);
    expect(backends).toStrictEqual([]);
    const message = 'demo/shop: a.test/ is claimed by two of its containers or routes; change one of the two';
    expect(faults).toStrictEqual([{ service: 'demo/shop', message }]);
  });

  it('have fifty hosts and paths between them, and no more', () => {
    const some = (count: number, of: string) => at(Array.from({ length: count }, (_, n) => `${of}${n}.test`).join());
    expect(decide([{ web: some(25, 'w'), admin: some(25, 'a') }]).faults).toStrictEqual([]);
    const message = 'demo/shop, revision 1: 51 hosts are more than the 50 that a service may have; use a wildcard';
    const faults = [{ service: 'demo/shop', message }];
    expect(decide([{ web: some(25, 'w'), admin: some(26, 'a') }])).toMatchObject({ backends: [], faults });
  });

  it('with names too long for a file of their own are still served', () => {
    const { backends } = decide([{ [long]: at('a.test'), web: at('b.test') }]);
    expect(backends.flatMap(({ servers }) => servers).length).toBe(2);
    expect(backends.every(({ name }) => name.length <= 240)).toBe(true);
  });
});

describe('whatever revisions ask for', () => {
  const hosts = ['a.test', 'b.test', 'c.test'];
  type Asked = { readonly owners: readonly string[]; readonly key: string };

  /** Each host on one container or on none, by one of two names of routes. */
  const asked: fc.Arbitrary<Asked> = fc.record({
    owners: fc.tuple(...hosts.map(() => fc.constantFrom('', 'web', 'admin', 'app'))),
    key: fc.constantFrom('haproxy.host', 'haproxy.x.host'),
  });
  const containersOf = ({ owners, key }: Asked): Containers => {
    const of = (name: string) => hosts.filter((_, index) => owners[index] === name).join();
    const names = ['web', 'admin', 'app'].filter(of);
    return Object.fromEntries(names.map((name) => [name, { [key]: of(name) }]));
  };

  it('a host leads to the container that claims it, in each task that claims it', () => {
    const property = fc.property(fc.array(asked, { minLength: 1, maxLength: 5 }), fc.boolean(), (all, remembers) => {
      let published: readonly Backend[] = [];
      for (const [index, newest] of all.entries()) {
        const older = all.slice(Math.max(0, index - 1), index);
        const first = index + 1 - older.length;
        const decided = decide([...older, newest].map(containersOf), remembers ? published : [], first);
        published = decided.backends;

        expect(decided.faults).toStrictEqual([]);
        expect(new Set(published.map(({ name }) => name)).size).toBe(published.length);
        for (const [place, host] of hosts.entries()) {
          if (!newest.owners[place]) continue;
          const owners = [...older, newest].map(({ owners }, task) => `t${first + task} ${owners[place]}`);
          const claimed = owners.filter((words) => !words.endsWith(' '));
          expect(served(decided)[host]?.split(', ')).toEqual(expect.arrayContaining(claimed));
        }
      }
    });
    fc.assert(property, { numRuns: 300 });
  });
});

describe('what 0.1.0 published', () => {
  const [, stored = ''] = readFileSync(join(__dirname, '../system/released/0.1.0'), 'utf8').split(
    '/50-demo.shop.cfg\n',
  );
  const published = parseBackend(stored.split('\n==> ')[0] ?? '');
  const web = at('shop.example.com');

  const admin = at('b.test');
  it.each(Object.entries({ first: { web, admin }, last: { admin, web } }))(
    'goes on when another container had labels too, the published one %s',
    (_, containers) => {
      const { backends } = decide([containers], [published]);
      const seen = backends.map(({ name, container, routes, stopped }) => [name, container, routes[0]?.since, stopped]);
      const admin = ['demo.shop..admin', 'admin', 100, { c: 90 }];
      expect(seen.sort()).toStrictEqual([['demo.shop', 'web', 100, { c: 90 }], admin]);
    },
  );

  it('keeps the name of the one container that was renamed', () => {
    expect(names(decide([{ app: at('c.test') }], [published]))).toStrictEqual(['demo.shop']);
  });
});

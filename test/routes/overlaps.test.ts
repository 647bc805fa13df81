import { overlaps } from '../../lib/routes/routes';
import { backend } from '../builders';

/** `shop: a.test/ b.test/api; …`: services with their routes. */
const found = (short: string) =>
  overlaps(
    short.split('; ').map((each) => {
      const [service = '', routes = ''] = each.split(': ');
      const claimed = routes.split(' ').map((route) => {
        const [host = '', ...path] = route.split('/');
        return { host, path: `/${path.join('/')}`, since: 1 };
      });
      return backend({}, { name: `demo.${service}`, service, routes: claimed });
    }),
  );

/** `api a.test/api, shop a.test/`: the first service takes its route from the second, which serves the other route. */
const words = (short: string) => {
  const [, taker, taken, other, served, more] = /^(\S+) (\S+), (\S+) (\S+?)(;.*)?$/.exec(short) ?? [];
  return `demo/${taker} takes ${taken} from demo/${other}, which serves ${served}${more ?? ''}`;
};

it.each<[string, string, string]>([
  ['a longer path', 'shop: a.test/; api: a.test/api', 'api a.test/api, shop a.test/'],
  [
    'the longest of several paths',
    'shop: a.test/; api: a.test/api; v1: a.test/api/v1',
    'api a.test/api, shop a.test/ | v1 a.test/api/v1, api a.test/api',
  ],
  ['a host within a wildcard', 'all: *.test/; shop: a.test/', 'shop a.test/, all *.test/'],
  ['a wildcard within a wildcard', 'all: *.test/; b: *.b.test/', 'b *.b.test/, all *.test/'],
  ['any host', 'all: */; shop: a.test/x', 'shop a.test/x, all */'],
  ['a shorter path, for its host is asked first', 'all: *.test/api; shop: a.test/', 'shop a.test/, all *.test/api'],
  ['nothing that a longer path takes first', 'a: a.test/p; c: *.test/p/q a.test/p/q', 'c a.test/p/q, a a.test/p'],
  [
    'nothing below a path that another service takes first',
    'a: *.a.test/p/q; b: x.a.test/p; c: x.a.test/',
    'b x.a.test/p, a *.a.test/p/q | b x.a.test/p, c x.a.test/',
  ],
  ['a pair once', 'all: */; shop: a.test/ b.test/ c.test/', 'shop a.test/, all */; and 2 more like it'],
  ['a wildcard behind its own host', 'all: */; shop: *.test/ a.test/', 'shop *.test/, all */; and 1 more like it'],
])('%s', (_, services, expected) => {
  expect(found(services)).toStrictEqual(expected.split(' | ').map(words));
});

it.each([
  ['a path of the same beginning', 'shop: a.test/api; other: a.test/apix'],
  ['another host', 'shop: a.test/; other: b.test/'],
  ['the name above a wildcard', 'all: *.a.test/; other: a.test/'],
  ['its own wildcard', 'shop: *.test/ a.test/ a.test/api'],
])('takes nothing from %s', (_, services) => {
  expect(found(services)).toStrictEqual([]);
});

it('looks at six thousand routes without comparing each with each', () => {
  const hosts = (service: number) => Array.from({ length: 50 }, (_, host) => `h${host}.s${service}.test/`).join(' ');
  const many = Array.from({ length: 120 }, (_, service) => `s${service}: ${hosts(service)}`);
  expect(found(`${many.join('; ')}; all: */`)).toHaveLength(120);
});

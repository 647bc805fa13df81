import { overlaps } from '../../lib/routes/routes';
import { backend } from '../builders';

/** Backends from `service: 'host/path host/path'`. */
const told = (services: Record<string, string>) =>
  overlaps(
    Object.entries(services).map(([service, routes]) =>
      backend(
        {},
        {
          name: `demo.${service}`,
          service,
          routes: routes.split(' ').map((route) => {
            const [host = '', ...path] = route.split('/');
            return { host, path: `/${path.join('/')}`, since: 1 };
          }),
        },
      ),
    ),
  );

it.each<[string, Record<string, string>, string]>([
  [
    'a longer path',
    { shop: 'a.test/', api: 'a.test/api' },
    'demo/api takes a.test/api from demo/shop, which serves a.test/',
  ],
  [
    'the longest of several paths',
    { shop: 'a.test/', api: 'a.test/api', v1: 'a.test/api/v1' },
    'demo/api takes a.test/api from demo/shop, which serves a.test/ | demo/v1 takes a.test/api/v1 from demo/api, which serves a.test/api',
  ],
  [
    'a host within a wildcard',
    { all: '*.test/', shop: 'a.test/' },
    'demo/shop takes a.test/ from demo/all, which serves *.test/',
  ],
  [
    'a wildcard within a wildcard',
    { all: '*.test/', b: '*.b.test/' },
    'demo/b takes *.b.test/ from demo/all, which serves *.test/',
  ],
  ['any host', { all: '*/', shop: 'a.test/x' }, 'demo/shop takes a.test/x from demo/all, which serves */'],
  [
    'a shorter path of a host within the wildcard, for its host is asked first',
    { all: '*.test/api', shop: 'a.test/' },
    'demo/shop takes a.test/ from demo/all, which serves *.test/api',
  ],
  [
    'nothing that a longer path of the same host takes first',
    { a: 'a.test/p', c: '*.test/p/q a.test/p/q' },
    'demo/c takes a.test/p/q from demo/a, which serves a.test/p',
  ],
  [
    'nothing below a path that another service takes first',
    { a: '*.a.test/p/q', b: 'x.a.test/p', c: 'x.a.test/' },
    'demo/b takes x.a.test/p from demo/a, which serves *.a.test/p/q | demo/b takes x.a.test/p from demo/c, which serves x.a.test/',
  ],
  [
    'several, told once for each pair',
    { all: '*/', shop: 'a.test/ b.test/ c.test/' },
    'demo/shop takes a.test/ from demo/all, which serves */; and 2 more like it',
  ],
  ['a path of the same beginning', { shop: 'a.test/api', other: 'a.test/apix' }, ''],
  ['another host', { shop: 'a.test/', other: 'b.test/' }, ''],
  ['the name above a wildcard', { all: '*.a.test/', other: 'a.test/' }, ''],
  ['its own wildcard', { shop: '*.test/ a.test/ a.test/api' }, ''],
  [
    'a wildcard behind its own host',
    { all: '*/', shop: '*.test/ a.test/' },
    'demo/shop takes *.test/ from demo/all, which serves */; and 1 more like it',
  ],
])('%s', (_, services, expected) => {
  expect(told(services).join(' | ')).toBe(expected);
});

it('looks at six thousand routes without comparing each with each', () => {
  const many = Array.from({ length: 120 }, (_, service) => [
    `s${service}`,
    Array.from({ length: 50 }, (_, host) => `h${host}.s${service}.test/`).join(' '),
  ]);

  expect(told({ ...Object.fromEntries(many), all: '*/' })).toHaveLength(120);
});

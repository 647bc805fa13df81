import fc from 'fast-check';

import { parseBackend } from '../../lib/haproxy/backend';
import { describedStructure, render, structure } from '../../lib/haproxy/render';
import { backend, definition, fleet, task } from '../builders';
import { decide } from '../routes/deciding';

const structureOf = (...backends: Parameters<typeof render>[0]['backends']) =>
  describedStructure(render({ backends, certified: [] })[0]?.text ?? '');
const routes = (...hosts: string[]) => ({ routes: hosts.map((host) => ({ host, path: '/', since: 1 })) });
const other = backend({}, { name: 'demo.other', service: 'other', ...routes('other.example.com') });

describe('law 4: the structure', () => {
  it('is the same whatever tasks run', () => {
    expect(structureOf(backend({ a: 1, b: 2 }))).toBe(structureOf(backend({ c: 3 }, { stopped: { a: 1, b: 1 } })));
  });

  it('is the same whatever hosts, paths and certificates lead to its backends', () => {
    const others = ['new.example.com', '*.example.com', '*.a.b.example.com', '*'].map((host) =>
      backend({}, routes(host)),
    );
    const certified = render({ backends: [backend()], certified: ['example.com'] })[0]?.text ?? '';

    expect(new Set([...others.map((each) => structureOf(each)), describedStructure(certified)])).toStrictEqual(
      new Set([structureOf(backend())]),
    );
  });

  it.each([
    ['a wildcard deeper than four labels', structureOf(backend({}, routes('*.a.b.c.example.com')))],
    ['the host of a check', structureOf(backend({}, { ...routes('new.example.com'), labels: { check: '/up' } }))],
    ['a check', structureOf(backend({}, { labels: { check: '/up' } }))],
    ['a backend', structureOf(backend(), other)],
  ])('changes with %s', (_, changed) => {
    expect(changed).toMatch(/^[0-9a-f]{16}$/);
    expect(changed).not.toBe(structureOf(backend()));
  });

  it('changes with the options of every server, whether or not one runs: a running server gets them by a reload alone', () => {
    const files = render({ backends: [backend({})], certified: [] });
    expect(structure(files, ['check fall 3'])).not.toBe(structure(files, ['check fall 2']));
    expect(structureOf(backend({}))).toBe(structureOf(backend({ a: 1 })));
  });
});

it('names no two proxies alike, which HAProxy 3.3 refuses, whatever clusters, services and routes are called', () => {
  const ours = namesIn(render({ backends: [], certified: [] }));
  const called = [...new Set([...ours, 'http', 'https', 'statistics', 'default'])];
  const owners = ['sluice', 'default'].flatMap((cluster) => called.map((service) => ({ cluster, service })));
  const tasks = owners.map((owner, n) => task(`t${n}`, { ...owner, definition: `d${n}`, hostPort: 32768 + n }));
  const labels = (n: number) => ({ 'haproxy.host': `${n}.example.com`, 'haproxy.sluice.host': `s${n}.example.com` });
  const definitions = Object.fromEntries(owners.map((_, n) => [`d${n}`, definition(labels(n))]));
  const { backends } = decide({ fleet: { ...fleet(tasks, definitions), clusters: ['sluice', 'default'] } });

  const names = namesIn(render({ backends, certified: [] }));

  expect(names).toHaveLength(ours.length + 2 * owners.length);
  expect(new Set(names).size).toBe(names.length);
});

const namesIn = (files: ReturnType<typeof render>): readonly string[] =>
  files.flatMap(({ text }) =>
    Array.from(text.matchAll(/^(?:defaults|frontend|backend|listen) (\S+)/gm), ([, name = '']) => name),
  );

it('renders the same bytes in whatever order backends and servers come', () => {
  expect(render({ backends: [backend({ a: 1, b: 2 }), other], certified: ['a', 'b'] })).toStrictEqual(
    render({ backends: [other, backend({ b: 2, a: 1 })], certified: ['b', 'a'] }),
  );
});

it('reads back every backend that it writes', () => {
  const name = fc.stringMatching(/^[a-z0-9-]{1,12}$/);
  const port = fc.integer({ min: 1, max: 65_535 });
  const server = fc.record({ name, address: fc.ipV4(), port }, { noNullPrototype: true });
  const given = fc.record({
    servers: fc.uniqueArray(server, { selector: (each) => each.name, maxLength: 5 }),
    stopped: fc.dictionary(name, fc.nat(), { maxKeys: 3, noNullPrototype: true }),
    labels: fc.constantFrom({}, { check: '/health' }),
  });

  fc.assert(
    fc.property(given, (values) => {
      const written = backend({}, { ...values, servers: values.servers.sort((a, b) => (a.name < b.name ? -1 : 1)) });
      const text = (each: typeof written) => render({ backends: [each], certified: [] }).at(-1)?.text ?? '';
      expect(parseBackend(text(written))).toStrictEqual(written);
      expect(text(parseBackend(text(written)))).toBe(text(written));
    }),
  );
});

it('refuses a server line that it cannot read, rather than to leave a task out', () => {
  const text = render({ backends: [backend({ a: 1 })], certified: [] }).at(-1)?.text ?? '';
  expect(() => parseBackend(text.replace(' weight 100', ''))).toThrow(
    'a server line that this version of Sluice did not write',
  );
});

it('says what is missing in a file that is not its own', () => {
  expect(() => parseBackend('backend x\n')).toThrow('no "# sluice" line in a file that Sluice should have written');
});

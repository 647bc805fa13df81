import fc from 'fast-check';

import { parseBackend } from '../../lib/haproxy/backend';
import { describedStructure, render } from '../../lib/haproxy/render';
import { backend } from '../builders';

const structureOf = (...backends: Parameters<typeof render>[0]['backends']) =>
  describedStructure(render({ backends, certified: [] })[0]?.text ?? '');
const other = backend(
  {},
  { name: 'demo.other', service: 'other', routes: [{ host: 'other.example.com', path: '/', since: 1 }] },
);

describe('law 4: the structure', () => {
  it('is the same whatever tasks run', () => {
    expect(structureOf(backend({ a: 1, b: 2 }))).toBe(structureOf(backend({ c: 3 }, { stopped: { a: 1, b: 1 } })));
  });

  it.each([
    ['a host', structureOf(backend({}, { routes: [{ host: 'new.example.com', path: '/', since: 1 }] }))],
    ['a check', structureOf(backend({}, { check: '/up' }))],
    ['a backend', structureOf(backend(), other)],
  ])('changes with %s', (_, changed) => {
    expect(changed).toMatch(/^[0-9a-f]{16}$/);
    expect(changed).not.toBe(structureOf(backend()));
  });
});

it('renders the same bytes in whatever order it is told', () => {
  expect(render({ backends: [backend({ a: 1, b: 2 }), other], certified: ['a', 'b'] })).toStrictEqual(
    render({ backends: [other, backend({ b: 2, a: 1 })], certified: ['b', 'a'] }),
  );
});

it('reads back every backend that it writes', () => {
  const name = fc.stringMatching(/^[a-z0-9-]{1,12}$/);
  const server = fc.record(
    { name, address: fc.ipV4(), port: fc.integer({ min: 1, max: 65_535 }) },
    { noNullPrototype: true },
  );
  const given = fc.record({
    servers: fc.uniqueArray(server, { selector: (each) => each.name, maxLength: 5 }),
    stopped: fc.dictionary(name, fc.nat(), { maxKeys: 3, noNullPrototype: true }),
    check: fc.constantFrom('tcp', '/health'),
  });

  fc.assert(
    fc.property(given, (values) => {
      const written = backend({}, { ...values, servers: values.servers.sort((a, b) => (a.name < b.name ? -1 : 1)) });
      expect(parseBackend(render({ backends: [written], certified: [] })[2]?.text ?? '')).toStrictEqual(written);
    }),
  );
});

it('refuses a server line that it cannot read, rather than to leave a task out', () => {
  const text = render({ backends: [backend({ a: 1 })], certified: [] })[2]?.text ?? '';

  expect(() => parseBackend(text.replace(' weight 100', ''))).toThrow(
    'a server line that this version of Sluice did not write',
  );
});

it('says what is missing in a file that is not its own', () => {
  expect(() => parseBackend('backend x\n')).toThrow('no "# sluice" line in a file that Sluice should have written');
});

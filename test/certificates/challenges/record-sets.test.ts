import fc from 'fast-check';

import {
  adding,
  type Change,
  type RecordSet,
  removing,
  zoneOf,
} from '../../../lib/certificates/challenges/record-sets';

const name = '_acme-challenge.example.com';
const set = (...values: string[]): RecordSet => ({ name, ttlSeconds: 300, values });
/** What Route 53 does with a batch: all of it, or nothing. */
const after = (before: RecordSet | undefined, changes: readonly Change[]): RecordSet | undefined => {
  let now = before;
  for (const { action, set } of changes) {
    if (action === 'DELETE') expect(set).toStrictEqual(now);
    now = action === 'DELETE' ? undefined : set;
  }
  return now;
};

it('a record set of our own lives ten seconds in a resolver’s memory', () => {
  expect(adding(name, undefined, ['a', 'b'])).toStrictEqual([
    { action: 'CREATE', set: { name, ttlSeconds: 10, values: ['"a"', '"b"'] } },
  ]);
});

it('values of others stay as they are, their time to live too', () => {
  const before = set('"of somebody" "else"');
  const both = { action: 'CREATE', set: set('"of somebody" "else"', '"a"') };
  expect(adding(name, before, ['a'])).toStrictEqual([{ action: 'DELETE', set: before }, both]);
});

it('what was added is gone again, and nothing else, whatever else is there', () => {
  const values = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/));
  fc.assert(
    fc.property(values, values, (foreign, own) => {
      const mine = own.filter((value) => !foreign.includes(value));
      const before = foreign.length > 0 ? set(...foreign.map((value) => `"${value}"`)) : undefined;
      const between = after(before, adding(name, before, mine));

      expect(between?.values ?? []).toHaveLength(foreign.length + mine.length);
      expect(after(between, removing(between, mine))).toStrictEqual(before);
    }),
  );
});

it('adding or removing twice changes nothing', () => {
  expect(adding(name, set('"a"'), ['a'])).toStrictEqual([]);
  expect(removing(set('"b"'), ['a'])).toStrictEqual([]);
  expect(removing(undefined, ['a'])).toStrictEqual([]);
});

it('the longest public zone answers for a name', () => {
  const zone = (id: string, name: string, isPrivate = false) => ({ id, name, isPrivate, nameServers: [] });
  const shop = 'shop.example.com';
  const zones = [zone('Z1', 'example.com'), zone('Z2', shop), zone('Z3', shop, true), zone('Z4', 'example.org')];
  expect(zoneOf('_acme-challenge.shop.example.com', zones)?.id).toBe('Z2');
  expect(zoneOf('_acme-challenge.a.b.example.com', zones)?.id).toBe('Z1');
  expect(zoneOf('_acme-challenge.notexample.com', zones)).toBeUndefined();
});

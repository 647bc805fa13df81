import { dueForRenewal, type Held, type Renewal } from '../../../lib/certificates/due/due';
import type { Wanted } from '../../../lib/certificates/due/state';

const hour = 3_600_000;
const day = 24 * hour;
/** The clock stands still. */
const now = Date.parse('2026-10-01T12:00:00Z');

const wanted: Wanted = {
  names: ['example.com', '*.example.com'],
  keyType: 'ecdsa-p256',
  directory: 'https://acme.example/directory',
  profile: '',
};

/** Of a lifetime in days, with so many of them left. */
const held = (lifetimeDays: number, leftDays: number, changed: Partial<Held> = {}): Held => ({
  ...wanted,
  serial: 'AB12',
  notBefore: now - (lifetimeDays - leftDays) * day,
  notAfter: now + leftDays * day,
  ...changed,
});

/** A window that begins in so many days, is two days long, and was picked in the middle. */
const window = (inDays: number, pickedInDays = inDays + 1): Renewal => ({
  start: now + inDays * day,
  end: now + (inDays + 2) * day,
  at: now + pickedInDays * day,
});

describe.each<[string, Held | undefined, Renewal | undefined, boolean, string]>([
  ['missing', undefined, undefined, true, 'none is stored'],
  [
    'young',
    held(90, 89),
    undefined,
    false,
    'valid until 2026-12-29T12:00Z; it will be renewed about 2026-11-29T12:00Z',
  ],
  ['a third is left', held(90, 30), undefined, true, '30 of its 90 days are left'],
  ['a little more than a third is left', held(90, 30.1), undefined, false, 'valid until'],
  ['45 days, young', held(45, 16), undefined, false, 'valid until'],
  ['45 days, a third is left', held(45, 15), undefined, true, '15 of its 45 days are left'],
  ['160 hours, more than half is left', held(160 / 24, 81 / 24), undefined, false, 'valid until'],
  ['160 hours, half is left', held(160 / 24, 80 / 24), undefined, true, '3.3 of its 6.7 days are left'],
  ['expired a minute ago', held(90, -1 / 1440), undefined, true, 'it expired on 2026-10-01T11:59Z'],
  ['expired long ago', held(90, -900), undefined, true, 'it expired on 2024-04-14T12:00Z'],
  ['expired, though the CA would wait', held(90, -1), window(5), true, 'it expired on'],
  [
    'not valid yet',
    held(90, 91),
    undefined,
    false,
    'it is valid only from 2026-10-02T12:00Z, so the clock here is behind',
  ],
  ['not valid yet, for the clock is years behind', held(90, 2000), undefined, false, 'so the clock here is behind'],
  ['the clock is behind, and the CA asks', held(90, 91), window(-3), false, 'so the clock here is behind'],
  ['the clock is years ahead', held(90, -2000), undefined, true, 'it expired on'],
  [
    'a window in the past',
    held(90, 60),
    window(-5),
    true,
    'the CA wants it renewed between 2026-09-26T12:00Z and 2026-09-28T12:00Z (ARI)',
  ],
  ['a window that is open, its moment past', held(90, 60), window(-1, -0.1), true, 'the CA wants it renewed'],
  [
    'a window that is open, its moment tomorrow',
    held(90, 60),
    window(-1, 0.9),
    false,
    'renewed about 2026-10-02T09:36Z',
  ],
  ['a moment before the next run', held(90, 60), window(-1, 0.4), true, 'the CA wants it renewed'],
  ['a window in the future', held(90, 60), window(20), false, 'it will be renewed about 2026-10-22T12:00Z'],
  [
    'a window a little later than a third',
    held(90, 28),
    window(2),
    false,
    'it will be renewed about 2026-10-04T12:00Z',
  ],
  ['a window that comes too late', held(90, 15), window(10), true, '15 of its 90 days are left'],
  ['a window after the end', held(90, 14), window(80), true, '14 of its 90 days are left'],
  ['a late window for 160 hours', held(160 / 24, 40 / 24), window(30), true, '1.7 of its 6.7 days are left'],
  [
    'a name more',
    held(90, 89, { names: ['example.com'] }),
    undefined,
    true,
    'its names changed from example.com to example.com, *.example.com',
  ],
  [
    'the same names in another order',
    held(90, 89, { names: ['*.example.com', 'example.com'] }),
    undefined,
    false,
    'valid until',
  ],
  [
    'another key type',
    held(90, 89, { keyType: 'rsa-2048' }),
    undefined,
    true,
    'its key type changed from rsa-2048 to ecdsa-p256',
  ],
  [
    'another directory',
    held(90, 89, { directory: 'https://staging.example' }),
    undefined,
    true,
    'it came from https://staging.example, now https://acme.example/directory is asked',
  ],
  [
    'another profile',
    held(90, 89, { profile: 'shortlived' }),
    undefined,
    true,
    'its profile changed from "shortlived" to ""',
  ],
  ['names changed and not valid yet', held(90, 91, { names: ['example.org'] }), undefined, true, 'its names changed'],
])('%s', (_, stored, renewal, due, why) => {
  it(`is ${due ? '' : 'not '}due: ${why}`, () => {
    const found = dueForRenewal(wanted, stored, renewal, now);

    expect(found.isDue).toBe(due);
    expect(found.why).toContain(why);
  });
});

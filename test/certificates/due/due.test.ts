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
const window = (inDays: number, pickedInDays = inDays + 1): Renewal => {
  return { start: now + inDays * day, end: now + (inDays + 2) * day, at: now + pickedInDays * day };
};

const after = 'valid until 2026-12-29T12:00Z; it will be renewed about';
const asks = 'the CA wants it renewed between 2026-09-26T12:00Z and 2026-09-28T12:00Z (ARI)';
const names = (...all: string[]) => held(90, 89, { names: all });
const behind = 'it is valid only from 2026-10-02T12:00Z, so the clock here is behind';
const moved = 'it came from https://staging.example, and the settings name https://acme.example/directory';
const staging = 'https://staging.example';

it.each<[string, Held | undefined, Renewal | undefined, 'due' | 'not due', string]>([
  ['missing', undefined, undefined, 'due', 'no certificate is stored'],
  ['young', held(90, 89), undefined, 'not due', `${after} 2026-11-29T12:00Z`],
  ['a third is left', held(90, 30), undefined, 'due', '30 of its 90 days are left'],
  ['a little more than a third is left', held(90, 30.1), undefined, 'not due', 'valid until'],
  ['45 days, young', held(45, 16), undefined, 'not due', 'valid until'],
  ['45 days, a third is left', held(45, 15), undefined, 'due', '15 of its 45 days are left'],
  ['160 hours, more than half is left', held(160 / 24, 81 / 24), undefined, 'not due', 'valid until'],
  ['160 hours, half is left', held(160 / 24, 80 / 24), undefined, 'due', '3.3 of its 6.7 days are left'],
  ['expired a minute ago', held(90, -1 / 1440), undefined, 'due', 'it expired on 2026-10-01T11:59Z'],
  ['expired long ago', held(90, -900), undefined, 'due', 'it expired on 2024-04-14T12:00Z'],
  ['expired, though the CA would wait', held(90, -1), window(5), 'due', 'it expired on'],
  ['not valid yet', held(90, 91), undefined, 'not due', behind],
  ['not valid yet, for the clock is years behind', held(90, 2000), undefined, 'not due', 'the clock here is behind'],
  ['the clock is behind, and the CA asks', held(90, 91), window(-3), 'not due', 'so the clock here is behind'],
  ['the clock is years ahead', held(90, -2000), undefined, 'due', 'it expired on'],
  ['a window in the past', held(90, 60), window(-5), 'due', asks],
  ['a window that is open, its moment past', held(90, 60), window(-1, -0.1), 'due', 'the CA wants it renewed'],
  ['a window that is open, its moment tomorrow', held(90, 60), window(-1, 0.9), 'not due', 'about 2026-10-02T09:36Z'],
  ['a moment before the next run', held(90, 60), window(-1, 0.4), 'due', 'the CA wants it renewed'],
  ['a window in the future', held(90, 60), window(20), 'not due', 'it will be renewed about 2026-10-22T12:00Z'],
  ['a window a little later than a third', held(90, 28), window(2), 'not due', 'renewed about 2026-10-04T12:00Z'],
  ['a window that comes too late', held(90, 15), window(10), 'due', '15 of its 90 days are left'],
  ['a window after the end', held(90, 14), window(80), 'due', '14 of its 90 days are left'],
  ['a late window for 160 hours', held(160 / 24, 40 / 24), window(30), 'due', '1.7 of its 6.7 days are left'],
  ['a name more', names('a.example'), undefined, 'due', 'changed from a.example to example.com, *.example.com'],
  ['the same names in another order', names('*.example.com', 'example.com'), undefined, 'not due', 'valid until'],
  ['another key type', held(90, 89, { keyType: 'rsa-2048' }), undefined, 'due', 'from rsa-2048 to ecdsa-p256'],
  ['another directory', held(90, 89, { directory: staging }), undefined, 'due', moved],
  ['another profile', held(90, 89, { profile: 'shortlived' }), undefined, 'due', 'changed from "shortlived" to ""'],
  ['names changed and not valid yet', held(90, 91, { names: ['a.example'] }), undefined, 'due', 'its names changed'],
])('%s', (_, stored, renewal, due, why) => {
  const found = dueForRenewal(wanted, stored, renewal, now);
  expect([found.isDue ? 'due' : 'not due', found.why]).toStrictEqual([due, expect.stringContaining(why)]);
});

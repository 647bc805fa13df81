import { decide, reasonToWait } from '../../../lib/certificates/due/due';
import {
  type Attempts,
  noAttempts,
  noteBegun,
  noteFailed,
  noteStored,
  type State,
  type Wanted,
  withStates,
} from '../../../lib/certificates/due/state';

const minute = 60_000;
const day = 1_440 * minute;
const now = Date.parse('2026-10-01T12:00:00Z');

/** Attempts after so many orders that ended like this. */
const repeat = (times: number, end: (begun: Attempts) => Attempts): Attempts =>
  Array.from({ length: times }).reduce<Attempts>((attempts) => end(noteBegun(attempts, now)), noAttempts);
const failing = (times: number) => repeat(times, (begun) => noteFailed(begun, false, 0));

const waits = Object.entries({ 1: minute, 2: 10 * minute, 3: 100 * minute, 4: day, 40: day });
it.each(waits)('after %s failures in a row the next try waits, but a deploy does not', (failures, wait) => {
  const attempts = failing(Number(failures));
  expect(reasonToWait(attempts, false, now + wait - 1)).toMatch(`it failed ${failures} times; the next try is after`);
  expect(reasonToWait(attempts, false, now + wait)).toBeUndefined();
  expect(reasonToWait(attempts, true, now + 1)).toBeUndefined();
});

it('waits as long as the CA asks, also after a deploy', () => {
  const attempts = noteFailed(noteBegun(noAttempts, now), false, now + 3 * day);
  for (const asked of [true, false])
    expect(reasonToWait(attempts, asked, now + 3 * day - 1)).toBe('the CA asked to come back after 2026-10-04T12:00Z');
  expect(reasonToWait(attempts, true, now + 3 * day)).toBeUndefined();
});

it('starts over after a success', () => {
  const attempts = noteStored(noteBegun(failing(3), now));
  expect(attempts).toStrictEqual({ ...noAttempts, issued: [now] });
  expect(reasonToWait(attempts, false, now)).toBeUndefined();
});

it('leaves one of five a week, whatever fails after the CA has issued', () => {
  let [attempts, at, orders] = [noAttempts, now, 0];
  for (; at < now + 7 * day; at += 12 * 60 * minute) {
    if (reasonToWait(attempts, true, at) !== undefined) continue;
    attempts = noteFailed(noteBegun(attempts, at), true, 0);
    orders += 1;
  }

  expect(orders).toBe(4);
  expect(reasonToWait(attempts, true, now + 7 * day - 1)).toBe(
    'it was issued 4 times within a week, and a CA allows few; the next order is on 2026-10-08T12:00Z',
  );
  expect(reasonToWait(attempts, true, now + 7 * day)).toBeUndefined();
});

it('counts an order as issued until its end is known, and forgets it after a week', () => {
  expect(noteBegun({ ...noAttempts, issued: [now - 8 * day, now - day] }, now).issued).toStrictEqual([now - day, now]);
});

describe('what a CA issued four times within a week', () => {
  const directory = 'https://staging.example/directory';
  const wanted: Wanted = { names: ['example.com'], keyType: 'ecdsa-p256', directory, profile: '' };
  const busy = { attempts: repeat(4, noteStored), attempted: wanted.names, attemptedAt: directory };
  const decision = (asked: Wanted, state: State = busy) => {
    const [certificate] = withStates([asked], new Map([['example.com', state]]));
    return certificate && decide(certificate, true, now);
  };

  it.each<[string, Wanted, boolean]>([
    ['the same certificate', wanted, true],
    ['another key type', { ...wanted, keyType: 'rsa-2048' }, true],
    ['another CA', { ...wanted, directory: 'https://production.example/directory' }, false],
    ['other names', { ...wanted, names: ['example.com', 'www.example.com'] }, false],
  ])('with %s', (_, asked, counts) => {
    expect(decision(asked)?.wait !== undefined).toBe(counts);
  });

  it('counts for the CA of the settings in a state of an older version, which did not note the CA', () => {
    const { attemptedAt: _, ...older } = busy;
    expect(decision(wanted, older)?.wait).toMatch('it was issued 4 times within a week');
  });

  it('is not affected by a window of no length that an older version kept', () => {
    const held = { ...wanted, serial: 'AB', notBefore: now - day, notAfter: now + 89 * day, key: 1, chain: 1 };
    const asked = { serial: 'AB', start: now, end: now, at: now, askAgainAt: now };
    expect(decision(wanted, { ...busy, held, asked })).toMatchObject({
      isDue: false,
      why: 'valid until 2026-12-29T12:00Z; it will be renewed about 2026-11-29T12:00Z',
    });
  });
});

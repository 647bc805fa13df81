import {
  type Attempts,
  noAttempts,
  noteBegun,
  noteFailed,
  noteStored,
  reasonToWait,
} from '../../../lib/certificates/due/attempts';

const minute = 60_000;
const day = 1_440 * minute;
const now = Date.parse('2026-10-01T12:00:00Z');

const failing = (times: number): Attempts => {
  let attempts = noAttempts;
  for (let time = 0; time < times; time++) attempts = noteFailed(noteBegun(attempts, now), false, 0);
  return attempts;
};

it.each([
  [1, minute],
  [2, 10 * minute],
  [3, 100 * minute],
  [4, day],
  [40, day],
])('after %i failures in a row the next try waits', (failures, wait) => {
  const attempts = failing(failures);

  expect(reasonToWait(attempts, false, now + wait - 1)).toMatch(`it failed ${failures} times; the next try is after`);
  expect(reasonToWait(attempts, false, now + wait)).toBeUndefined();
});

it('a deploy does not wait, for somebody may have mended it', () => {
  expect(reasonToWait(failing(4), true, now + 1)).toBeUndefined();
});

it('waits as long as the CA asks, also after a deploy', () => {
  const attempts = noteFailed(noteBegun(noAttempts, now), false, now + 3 * day);

  for (const asked of [true, false])
    expect(reasonToWait(attempts, asked, now + 3 * day - 1)).toBe('the CA asked to come back after 2026-10-04T12:00Z');
  expect(reasonToWait(attempts, true, now + 3 * day)).toBeUndefined();
});

it('begins anew after a success', () => {
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

it('counts an order of which nothing more was heard as issued', () => {
  expect(noteBegun(noAttempts, now).issued).toStrictEqual([now]);
});

it('forgets what was issued longer than a week ago', () => {
  expect(noteBegun({ ...noAttempts, issued: [now - 8 * day, now - day] }, now).issued).toStrictEqual([now - day, now]);
});

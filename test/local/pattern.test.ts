import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { matches } from '../../scripts/local/events/pattern';
import { packaged } from '../../scripts/local/package/package';
import { readStack } from '../../scripts/local/package/stack';

it.each<[string, unknown, unknown, boolean]>([
  ['one of several values', { a: ['x', 'y'] }, { a: 'y' }, true],
  ['a key that is absent', { a: ['x'] }, {}, false],
  ['a list of objects in the event', { a: { b: [1] } }, { a: [{ b: 2 }, { b: 1 }] }, true],
  ['every key of the pattern', { a: ['x'], b: ['y'] }, { a: 'x', b: 'z' }, false],
  ['$or', { $or: [{ a: ['x'] }, { b: ['y'] }] }, { b: 'y' }, true],
  ['prefix', { a: [{ prefix: 'ab' }] }, { a: 'abc' }, true],
  ['anything-but', { a: [{ 'anything-but': ['x'] }] }, { a: 'y' }, true],
  ['exists', { a: [{ exists: false }] }, {}, true],
])('matches %s', (_, pattern, event, expected) => {
  expect(matches(pattern, event)).toBe(expected);
});

it('refuses an operator that it does not know, rather than guess', () => {
  expect(() => matches({ a: [{ cidr: '10.0.0.0/8' }] }, { a: '10.0.0.1' })).toThrow('cidr');
});

it('takes the packaged rule for what it is: a stop order matters, a pending task does not', async () => {
  const { rules } = readStack(await packaged(), 'http://127.0.0.1');
  const event = JSON.parse(readFileSync(join(__dirname, 'ecs-task.json'), 'utf8'));
  const wakes = (detail: object) =>
    rules.some(({ EventPattern }) => matches(EventPattern, { ...event, detail: { ...event.detail, ...detail } }));

  expect([{}, { desiredStatus: 'STOPPED' }].map(wakes)).toStrictEqual([true, true]);
  const other = { clusterArn: `${event.detail.clusterArn}-other` };
  expect([{ lastStatus: 'PENDING' }, other].map(wakes)).toStrictEqual([false, false]);
}, 120_000);

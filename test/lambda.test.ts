import { setTimeout as pause } from 'node:timers/promises';
import type { Context } from 'aws-lambda';

import { lambda } from '../lib/lambda';

const context = { getRemainingTimeInMillis: () => 50 } as Context;
const said = jest.spyOn(console, 'log').mockImplementation(() => undefined);
const lines = () => said.mock.calls.map(([line]) => JSON.parse(line as string));
beforeEach(() => said.mockClear());
afterAll(() => said.mockRestore());

it('lets an error through, after it has logged it and acted', async () => {
  const failed: number[] = [];
  const run = () => Promise.reject(new Error('no ECS', { cause: new Error('timeout') }));
  const handler = lambda(run, async (event: number) => failed.push(event));
  await expect(handler(1, context)).rejects.toThrow('no ECS');
  expect(failed).toStrictEqual([1]);
  expect(lines()).toStrictEqual([{ message: 'failed', error: 'no ECS', cause: 'Error: timeout' }]);
});

it('logs and throws nothing that a terminal would act on', async () => {
  const hostile = new Error('no task \u009b2J\u202e', { cause: 'a\u2028b' });
  const handler = lambda(() => Promise.reject(hostile));
  const thrown = await handler(1, context).catch((error: Error) => error);
  expect(lines()).toStrictEqual([{ message: 'failed', error: 'no task \\u{9b}2J\\u{202e}', cause: 'a\\u{2028}b' }]);
  expect([thrown.message, thrown.stack]).not.toContainEqual(expect.stringMatching(/[\u009b\u202e]/));
});

it('lets an error through that cannot be changed', async () => {
  const signal = AbortSignal.timeout(1);
  const late = () => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  await expect(lambda(late)(1, context)).rejects.toThrow('timeout');
  await expect(lambda(() => Promise.reject(Object.freeze(new Error('frozen'))))(1, context)).rejects.toThrow('frozen');
});

it('keeps the first error when acting on it fails too', async () => {
  const handler = lambda(
    () => Promise.reject(new Error('first')),
    () => Promise.reject(new Error('second')),
  );
  await expect(handler(1, context)).rejects.toThrow('first');
  expect(lines()).toContainEqual({ message: 'failed again', error: 'second' });
});

it('never gives up on a run that goes on: thawed by the next event, it would publish old state', async () => {
  const handler = lambda(
    () => pause(100, 'late'),
    async () => undefined,
  );
  expect(await handler(1, context)).toBe('late');
});

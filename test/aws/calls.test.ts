import fc from 'fast-check';

import { always, alwaysList, askEach, drain, MalformedAnswer, unanswered, within } from '../../lib/aws/calls';

const named = (name: string) => Object.assign(new Error('no'), { name });

/** Asks for the numbers below `count`; a batch with a refused one is refused with this error. */
async function asking(count: number, refused: ReadonlySet<number>, name: string, size = 100, atOnce = 1) {
  let calls = 0;
  const ask = async (batch: readonly number[]) => {
    calls++;
    if (batch.some((item) => refused.has(item))) throw named(name);
    return batch;
  };
  const items = Array.from({ length: count }, (_, index) => index);
  const result = await askEach(items, { size, atOnce, what: () => 'asking', ask }).catch((error: Error) => error);
  return { calls, result };
}

it('finds just the refused items, whatever is refused, as long as one is answered', async () => {
  const asked = fc.record({
    count: fc.integer({ min: 1, max: 60 }),
    size: fc.integer({ min: 1, max: 100 }),
    atOnce: fc.integer({ min: 1, max: 8 }),
    refused: fc.uniqueArray(fc.nat({ max: 59 }), { maxLength: 10 }),
  });
  await fc.assert(
    fc.asyncProperty(asked, async ({ count, size, atOnce, refused }) => {
      const hit = refused.filter((item) => item < count).sort((a, b) => a - b);
      fc.pre(hit.length < count);
      const { result } = await asking(count, new Set(hit), 'InvalidParameterException', size, atOnce);

      if (result instanceof Error) throw result;
      expect([...result.refused.keys()].sort((a, b) => a - b)).toStrictEqual(hit);
      expect(result.answers.flat()).toHaveLength(count - hit.length);
    }),
  );
});

it('finds one refused item among hundreds in few calls, and asks little where all are denied', async () => {
  expect((await asking(200, new Set([7]), 'InvalidParameterException')).calls).toBeLessThan(20);
  const { calls, result } = await asking(200, new Set(Array(200).keys()), 'AccessDeniedException');
  expect(calls).toBeLessThan(60);
  expect(String(result)).toMatch(/asking: AccessDeniedException: no; the function lacks a permission/);
});

it('acts on so many at once, begins no more after an error, and waits for what is under way', async () => {
  const [begun, ended]: [number[], number[]] = [[], []];
  const act = async (item: number) => {
    begun.push(item);
    await new Promise((resolve) => setTimeout(resolve, item === 1 ? 1 : 20));
    if (item === 1) throw named('ThrottlingException');
    ended.push(item);
  };

  await expect(drain([0, 1, 2, 3, 4, 5, 6, 7], 3, act)).rejects.toMatchObject({ name: 'ThrottlingException' });

  expect([begun, ended]).toStrictEqual([
    [0, 1, 2],
    [0, 2],
  ]);
});

it('takes nothing that AWS left out for empty', () => {
  fc.assert(
    fc.property(fc.constantFrom(undefined, null, 'none', {}, 5), (value) => {
      expect(() => alwaysList('tasks', value as never)).toThrow(new MalformedAnswer('AWS answered without tasks'));
    }),
  );
  expect(() => always('Version', undefined)).toThrow('AWS answered without Version');
  expect(alwaysList('tasks', [])).toStrictEqual([]);
  expect(() => unanswered(['a'], ['b'])).toThrow('AWS answered without a');
  expect(unanswered(['a', 'b'], ['b'])).toStrictEqual(['a']);
});

it('waits no longer than it may, and takes an answer that comes in time', async () => {
  const never = new Promise<string>(() => undefined);
  await expect(within(20, 'Looking', never)).rejects.toThrow('Looking: no answer within 0.02 seconds');
  expect(await within(5_000, 'Looking', Promise.resolve('seen'))).toBe('seen');
});

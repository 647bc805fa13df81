import { type Calls, readCalls } from '../../scripts/cost/calls';
import { measure } from '../../scripts/cost/measure';

jest.setTimeout(60_000);

/** The same as in test/system/loop.test.ts; what is counted for a tick depends on no delay. */
const delays = {
  eventMs: 20,
  queueMs: 5,
  commandMs: 50,
  taskStartMs: 50,
  taskStoppedMs: 100,
  schedulerMs: 50,
  healthMs: 200,
};

let measured: Calls;
const written = readCalls();
beforeAll(async () => {
  measured = await measure('today', { delays, quietMs: 1_500, requests: 40 });
}, 120_000);

// Both fail when the program asks AWS for more, or less: `npm run cost -- --measure` writes the file anew.
it('a tick makes the calls that calls.json says', () => {
  const { logBytes: _, ...tick } = measured.tick;

  expect(written.tick).toMatchObject(tick);
});

it('a replaced task makes the calls that calls.json says, but for how many changes one run takes together', () => {
  expect(Object.keys(measured.change.calls)).toStrictEqual(Object.keys(written.change.calls));
  expect(Object.keys(measured.change.proxyCalls)).toStrictEqual(Object.keys(written.change.proxyCalls));
  expect(measured.change.messages).toBe(written.change.messages);
});

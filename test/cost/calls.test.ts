import { readCalls } from '../../scripts/cost/calls';
import { measure } from '../../scripts/cost/measure';

/** Short, because what is counted for a tick depends on no delay. */
const delays = {
  ...{ eventMs: 20, queueMs: 5, commandMs: 50, taskStartMs: 50, taskStoppedMs: 100, schedulerMs: 50, healthMs: 200 },
};

// Fails when the program sends AWS other calls: `npm run cost -- --measure` writes the file again.
it('a tick and a replaced task make the calls that calls.json has', async () => {
  const written = readCalls();
  const { tick, change } = await measure('today', { delays, quietMs: 1_500, requests: 40 });

  expect({ ...written.tick, logBytes: tick.logBytes }).toStrictEqual(tick);
  // How many changes one run takes together is chance.
  expect(Object.keys(change.calls)).toStrictEqual(Object.keys(written.change.calls));
  expect(Object.keys(change.proxyCalls)).toStrictEqual(Object.keys(written.change.proxyCalls));
  expect(change.messages).toBe(written.change.messages);
}, 180_000);

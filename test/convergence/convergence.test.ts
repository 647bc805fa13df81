import fc from 'fast-check';

import { type History, histories } from './happenings';
import { live } from './history';

const numRuns = Number(process.env.HISTORIES ?? 2_000);
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const replayed = process.env.HISTORY;

jest.setTimeout(300_000);

it('runs after the next tick what ECS runs, through any history', async () => {
  if (replayed !== undefined) {
    await live(JSON.parse(replayed) as History);
    return;
  }
  const result = await fc.check(
    fc.asyncProperty(histories(14), async (history) => void (await live(history))),
    { numRuns, seed, ...(process.env.FROM && { path: process.env.FROM }) },
  );
  console.info(`${result.numRuns} histories, seed ${seed}`);

  if (result.failed) throw new Error(told(result));
});

function told({ counterexample, counterexamplePath, errorInstance }: fc.RunDetails<[History]>): string {
  const history = JSON.stringify(counterexample?.[0]);
  return [
    errorInstance instanceof Error ? errorInstance.stack : String(errorInstance),
    `The shortest history that shows it: ${history}`,
    `Replay it: HISTORY='${history}' npx jest test/convergence`,
    `Replay the run: SEED=${seed} FROM='${counterexamplePath}' npx jest test/convergence`,
  ].join('\n');
}

import fc from 'fast-check';

import { type History, histories } from './happenings';
import { live } from './history';

const numRuns = Number(process.env.HISTORIES ?? 400);
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const replayed = process.env.HISTORY;

jest.setTimeout(300_000);

describe('through any history, one tick is enough', () => {
  it('to run what ECS runs, and no law is broken on the way', () => holds(numRuns, (history) => live(history)));

  it('when memory is wiped before every run, too', () =>
    holds(Math.ceil(numRuns / 20), (history) => live(history, { forgetful: true })));
});

async function holds(count: number, law: (history: History) => Promise<unknown>): Promise<void> {
  if (replayed !== undefined) {
    await law(JSON.parse(replayed) as History);
    return;
  }
  const path = process.env.FROM;
  const result = await fc.check(
    fc.asyncProperty(histories(14), async (history) => void (await law(history))),
    { numRuns: count, seed, ...(path === undefined ? {} : { path }) },
  );
  process.stdout.write(`${result.numRuns} histories, seed ${seed}\n`);

  if (result.failed) throw new Error(report(result));
}

function report({ counterexample, counterexamplePath, errorInstance }: fc.RunDetails<[History]>): string {
  const history = JSON.stringify(counterexample?.[0]);
  return [
    errorInstance instanceof Error ? errorInstance.stack : String(errorInstance),
    `The shortest history that shows it: ${history}`,
    `Replay it: HISTORY='${history}' npx jest test/convergence`,
    `Replay the run: SEED=${seed} FROM='${counterexamplePath}' npx jest test/convergence`,
  ].join('\n');
}

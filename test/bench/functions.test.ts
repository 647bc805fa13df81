import { burstOf } from '../../scripts/bench/functions/burst';
import { type Run, runsOf, sizes, unlabelled } from '../../scripts/bench/functions/runs';
import { processes } from '../../scripts/real/processes';

const started = processes();
afterAll(() => started.stop());

const count = ({ stages }: Run, action: string): number =>
  stages.flatMap(({ actions }) => actions).filter((each) => each === action).length;
const rounds = (run: Run | undefined): number => run?.stages.length ?? Number.NaN;

it('a tick without a change makes at most 110 calls for 5,000 tasks, and waits for AWS once a page', async () => {
  const [small, large] = [sizes[1], sizes[3]].map((size) => runsOf(started, size as NonNullable<typeof size>));
  const [ofSmall, ofLarge] = [await small, await large].map((runs) => (runs ?? []).slice(1));

  expect(ofLarge?.map(({ action }) => action)).toStrictEqual(['keep', 'publish']);
  expect(ofLarge?.[0]?.calls).toBeLessThanOrEqual(110);
  // An event: what is published and listed; tasks; hosts; file, pointer, nudge. A tick also reads files again, and services. On a busy machine
  // one may be seen as two.
  for (const run of ofSmall ?? []) expect(rounds(run)).toBeLessThanOrEqual(6 + 2);
  // 49 more pages, 12 more times four batches of tasks.
  for (const [index, run] of (ofLarge ?? []).entries())
    expect(rounds(run) - rounds(ofSmall?.[index])).toBeLessThanOrEqual(49 + 12 + 6);
}, 120_000);

it('a cold start reads 800 task definitions eight at a time, each once', async () => {
  const [cold, tick] = await runsOf(started, unlabelled);

  expect([cold, tick].map((run) => count(run as Run, 'ecs:DescribeTaskDefinition'))).toStrictEqual([800, 0]);
  expect(rounds(cold)).toBeLessThanOrEqual(100 + 40);
}, 120_000);

it('1,000 events in three seconds lead to at most five full reads by the packaged function', async () => {
  expect((await burstOf(started)).fullReads).toBeLessThanOrEqual(5);
}, 60_000);

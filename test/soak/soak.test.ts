import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { chartOf } from '../../scripts/measure/chart';
import { textOf } from '../../scripts/measure/text';
import type { Instance } from '../../scripts/proxy/instance';
import { processes } from '../../scripts/real/processes';
import { exitCodeOf, outcomeOf } from '../../scripts/soak/report';
import { type Soaked, soak } from '../../scripts/soak/soak';

/** For some seconds; `npm run soak` takes minutes. */
const given = { minutes: 0.07, seed: 15, requestsPerSecond: 150, changesPerSecond: 4 };

async function soaked(onServing: (proxy: Instance) => unknown = () => undefined): Promise<Soaked> {
  const started = processes();
  try {
    return await soak(given, { processes: started, progress: () => undefined, onServing });
  } finally {
    await started.stop();
  }
}

const causes = ({ failed }: Soaked) => failed.map(({ cause }) => cause);
let [well, harmed]: Soaked[] = [];

beforeAll(async () => {
  [well, harmed] = await Promise.all([soaked(), soaked(killWorker)]);
});

async function killWorker(proxy: Instance): Promise<void> {
  await sleep(1_000);
  process.kill((await proxy.processes()).workers[0] ?? 0, 'SIGKILL');
}

it('gives every request an outcome, none of which the proxy caused, and finds all as it was published', () => {
  const found = well as Soaked;

  expect([...found.book.broken]).toStrictEqual([]);
  expect(found.failed.filter(({ cause }) => cause === 'proxy')).toStrictEqual([]);
  expect(exitCodeOf(found)).toBe(0);
  expect(found.book.state.sent).toBeGreaterThan(200);
  expect(found.book.checks.generations).toBeGreaterThan(1);
  expect(found.book.changes.size).toBeGreaterThan(2);
});

it('finds the fault of a proxy whose worker is killed', () => {
  const found = harmed as Soaked;

  expect(causes(found)).toContain('proxy');
  expect([...found.book.broken]).toContainEqual(expect.stringMatching(/^HAProxy ended by itself/));
  expect(exitCodeOf(found)).toBe(1);
  expect(textOf(outcomeOf(found))).toMatch(/Requests that failed by the proxy: \d+.*Laws that were broken: \d+/s);
});

it('draws memory and descriptors over time', () => {
  const svgs = outcomeOf(well as Soaked).charts.map(chartOf);

  for (const svg of svgs)
    expect(svg).toMatch(/<desc id="d">worker that serves: [\d.]+ .*<path class="l" .* d="M[\d. L]+"/s);
});

it('refuses wrong arguments by exit code 2', () => {
  const args = ['--import', 'tsx', 'scripts/soak.ts', '--minutes', 'ten'];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: join(__dirname, '../..'), encoding: 'utf8' });

  expect([status, stderr]).toStrictEqual([2, expect.stringContaining('--minutes ten: must be a number, 0.05 or more')]);
});

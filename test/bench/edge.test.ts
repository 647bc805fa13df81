import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const folder = mkdtempSync(join(tmpdir(), 'bench-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Round = { readonly samples: readonly { readonly requests: number }[] };
type Found = { readonly compared: readonly { ratio: { median: number }; rounds: readonly Round[] }[] };

it('measures both protocols, writes what it found, and leaves nothing running', async () => {
  const args = ['scripts/bench.ts', 'edge', '--rounds', '1', '--seconds', '0.1', '--json', join(folder, 'found.json')];
  const options = { cwd: join(__dirname, '../..'), env: { ...process.env, TMPDIR: folder }, encoding: 'utf8' } as const;

  const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', ...args], options);

  expect([status, stdout]).toStrictEqual([0, expect.stringMatching(/HTTP\/1\.1 .* µs.*HTTP\/2 .* µs/s)]);
  const { compared } = JSON.parse(readFileSync(join(folder, 'found.json'), 'utf8')) as Found;
  expect(compared.map(({ ratio }) => ratio.median > 0)).toStrictEqual([true, true]);
  for (const { rounds } of compared) expect(rounds[0]?.samples.every(({ requests }) => requests >= 1_000)).toBe(true);
  // Folders of the bench may take a moment to go.
  const left = () => readdirSync(folder).filter((name) => name.startsWith('sluice-local-'));
  for (const end = Date.now() + 2_000; Date.now() < end && left().length > 0; ) await sleep(50);
  expect(left()).toStrictEqual([]);
}, 60_000);

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(__dirname, '../..');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('measures both protocols, writes what it found, and leaves nothing running', async () => {
  const bench = run(['edge', '--rounds', '1', '--seconds', '0.1', '--json', join(folder, 'found.json')]);

  const { code, output } = await bench.ended;

  expect([code, output]).toStrictEqual([0, expect.stringMatching(/HTTP\/1\.1 .* µs.*HTTP\/2 .* µs/s)]);
  const { compared } = JSON.parse(readFileSync(join(folder, 'found.json'), 'utf8')) as Found;
  expect(compared.map(({ ratio }) => ratio.median > 0)).toStrictEqual([true, true]);
  for (const { rounds } of compared) expect(rounds[0]?.samples.every(({ requests }) => requests >= 1_000)).toBe(true);
  expect(await left()).toStrictEqual([]);
}, 60_000);

type Round = { readonly samples: readonly { readonly requests: number }[] };
type Found = { readonly compared: readonly { ratio: { median: number }; rounds: readonly Round[] }[] };

function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const env = { ...process.env, TMPDIR: folder, ...environment };
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/bench.ts', ...args], { cwd: root, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, output }));
  });
  return { child, ended };
}

/** Folders of the bench that are left after two seconds in which they may go. */
async function left(): Promise<readonly string[]> {
  const found = () => readdirSync(folder).filter((name) => name.startsWith('sluice-local-'));
  for (const end = Date.now() + 2_000; Date.now() < end && found().length > 0; ) await sleep(50);
  return found();
}

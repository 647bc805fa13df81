import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { parseBackend } from '../../lib/haproxy/backend';
import { sluiceFiles } from '../../scripts/bench/edge/configurations';
import { host } from '../../scripts/bench/edge/load';

const folder = mkdtempSync(join(tmpdir(), 'bench-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Measured = { readonly rounds: readonly { readonly samples: readonly { readonly requests: number }[] }[] };
type Compared = { readonly ratio: { readonly median: number } };
type Found = { readonly edge: { measured: { compared: readonly Compared[]; measured: readonly Measured[] } } };

it('spreads 1,000 routes over as many services as may have them, with the host of the requests in their middle', () => {
  const files = sluiceFiles({ task: { host: '127.0.0.1', port: 80 } }, 1_000).filter(({ name }) =>
    name.startsWith('50-'),
  );

  const backends = files.map(({ text }) => parseBackend(text));
  const hosts = [...new Set(backends.flatMap(({ routes }) => routes.map((route) => route.host)))];
  expect(backends.map(({ routes }) => routes.length)).toStrictEqual(Array(20).fill(50));
  expect([hosts.length, hosts.indexOf(host)]).toStrictEqual([500, 250]);
});

it('measures five configurations by both protocols, writes what it found, and leaves nothing running', async () => {
  const args = ['scripts/bench.ts', 'edge', '--short', '--json', join(folder, 'found.json')];
  const options = { cwd: join(__dirname, '../..'), env: { ...process.env, TMPDIR: folder }, encoding: 'utf8' } as const;

  const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', ...args], options);

  expect([status, stdout]).toStrictEqual([0, expect.stringMatching(/HTTP\/1\.1 .* µs.*HTTP\/2 .*1,000 routes.* µs/s)]);
  const { compared, measured } = (JSON.parse(readFileSync(join(folder, 'found.json'), 'utf8')) as Found).edge.measured;
  expect(compared.map(({ ratio }) => ratio.median > 0)).toStrictEqual(Array(8).fill(true));
  const samples = measured.flatMap(({ rounds }) => rounds.flatMap((round) => round.samples));
  expect([samples.length, samples.every(({ requests }) => requests >= 1_000)]).toStrictEqual([40, true]);
  // Folders of the bench may take a moment to go.
  const left = () => readdirSync(folder).filter((name) => name.startsWith('sluice-local-'));
  for (const end = Date.now() + 2_000; Date.now() < end && left().length > 0; ) await sleep(50);
  expect(left()).toStrictEqual([]);
}, 120_000);

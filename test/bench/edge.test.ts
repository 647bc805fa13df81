import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { parseBackend } from '../../lib/haproxy/backend';
import { sluiceFiles } from '../../scripts/bench/edge/configurations';
import { checkAnswers, handshakes, host } from '../../scripts/bench/edge/load';
import { reasonsTable } from '../../scripts/bench/edge/reasons';
import { spread } from '../../scripts/measure/spread';

const folder = mkdtempSync(join(tmpdir(), 'bench-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Round = { readonly samples: readonly { readonly of: number; readonly microseconds: number }[] };
type Found = {
  readonly edge: {
    readonly goals: readonly { readonly what: string; readonly verdict: string }[];
    readonly notRun: readonly string[];
    readonly measured: {
      readonly compared: readonly { readonly ratio?: { readonly median: number } }[];
      readonly measured: readonly { readonly protocol: string; readonly rounds: readonly Round[] }[];
      readonly latencies: readonly { readonly rounds: readonly { readonly median: number; readonly p99: number }[] }[];
      readonly memory: readonly { readonly taken: Record<'started' | 'reloaded', { readonly proportional: number }> }[];
    };
  };
};

it('spreads 1,000 routes over as many services as may have them, with the host of the requests in their middle', () => {
  const files = sluiceFiles({ task: { host: '127.0.0.1', port: 80 } }, 1_000).filter(({ name }) =>
    name.startsWith('50-'),
  );

  const backends = files.map(({ text }) => parseBackend(text));
  const hosts = [...new Set(backends.flatMap(({ routes }) => routes.map((route) => route.host)))];
  expect(backends.map(({ routes }) => routes.length)).toStrictEqual(Array(20).fill(50));
  expect([hosts.length, hosts.indexOf(host)]).toStrictEqual([500, 250]);
});

it('refuses to compare a proxy that spoke an older TLS than the others', () => {
  const report = (version: string) => `TLS Protocol: ${version}
requests: 2 total, 2 started, 2 done, 2 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 2 2xx, 0 3xx, 0 4xx, 0 5xx`;

  expect(() => checkAnswers(report('TLSv1.3'), 2)).not.toThrow();
  expect(() => checkAnswers(report('TLSv1.2'), 2)).toThrow('the proxy spoke TLSv1.2');
});

it('says why a goal is missed, with what the same run found, and nothing of a goal that is met', () => {
  const pair = (first: string, second: string, median: number, goal?: number) => ({
    ...{ protocol: handshakes.name, first, second, ratio: spread([median]) },
    ...(goal === undefined ? {} : { goal }),
  });

  const [table, ...others] = reasonsTable([
    pair('Sluice', 'reference.cfg', 1.1, 1.2),
    pair('Sluice', 'nginx', 1.3, 1),
    pair('reference.cfg', 'nginx', 1.23),
  ]);

  const why = expect.stringMatching(/^reference\.cfg.* costs 1\.23 times as much as nginx\. .*first request/);
  expect([table?.rows, others]).toStrictEqual([[[handshakes.name, 'Sluice / nginx', why]], []]);
});

it('measures each protocol, names the peers that are not there, and leaves nothing running', async () => {
  const args = ['scripts/bench.ts', 'edge', '--short', '--json', join(folder, 'found.json')];
  const { TRAEFIK: _, ...own } = process.env;
  const env = { ...own, TMPDIR: folder, NGINX: '/nonexistent', CADDY: '/nonexistent' };

  const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', ...args], {
    ...{ cwd: join(__dirname, '../..'), env, encoding: 'utf8' },
  });

  expect([status, stdout]).toStrictEqual([0, expect.stringMatching(/HTTP\/1\.1 .* µs.*HTTP\/2 .*1,000 routes.* µs/s)]);
  const { goals, notRun, measured } = (JSON.parse(readFileSync(join(folder, 'found.json'), 'utf8')) as Found).edge;
  // Four samples of each configuration that takes part.
  const samples = measured.measured.map(({ rounds }) => rounds.flatMap((round) => round.samples));
  expect(samples.map(({ length }) => length / 4)).toStrictEqual([13, 2, 5, 2]);
  expect(samples.flat().every(({ microseconds }) => microseconds > 0)).toBe(true);
  expect(measured.compared.filter(({ ratio }) => (ratio?.median ?? 0) > 0)).toHaveLength(11);
  expect(notRun.map((line) => line.split(' ')[0])).toStrictEqual(['nginx', 'Caddy', 'Traefik']);
  const open = goals.filter(({ verdict }) => verdict === 'open').map(({ what }) => what);
  expect(open).toHaveLength(3 * 4);
  expect(open.every((what) => / \/ (nginx|Caddy|Traefik), /.test(what))).toBe(true);
  const latencies = measured.latencies.flatMap(({ rounds }) => rounds);
  expect(latencies.map(({ median, p99 }) => median > 0 && p99 >= median)).toStrictEqual([true, true]);
  // Three old workers are still there, so the reloads have happened.
  expect(
    measured.memory.map(({ taken }) => taken.reloaded.proportional / taken.started.proportional > 2),
  ).toStrictEqual([true]);
  // Folders of the bench may take a moment to go.
  const left = () => readdirSync(folder).filter((name) => name.startsWith('sluice-local-'));
  for (const end = Date.now() + 2_000; Date.now() < end && left().length > 0; ) await sleep(50);
  expect(left()).toStrictEqual([]);
}, 240_000);

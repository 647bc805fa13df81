import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { commandsIn, countsOf, listened, stages, type Trace } from '../../scripts/bench/sync/trace';

const folder = mkdtempSync(join(tmpdir(), 'bench-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Asked = Trace['asked'][number];
const asked = (kind: Asked['kind'], what: string, from: number, to: number): Asked => ({
  kind,
  what,
  from,
  to,
  received: 100,
});

const trace: Trace = {
  timeOrigin: 1_020,
  loaded: 30,
  ended: 500,
  memory: 50_000,
  asked: [
    asked('http', 'http://127.0.0.1/latest/api/token', 40, 42),
    asked('http', 'AmazonSSM.GetParameter', 42, 50),
    asked('http', 'AmazonSSM.GetParameters', 50, 57),
    asked('program', 'haproxy', 60, 100),
    asked('command', '@!7 show servers state', 100, 130),
    asked('command', '@!7 add server web/a 10.0.0.1:1;@!7 add server web/b 10.0.0.1:2', 140, 150),
    asked('command', '@!7 add map @2 /routes <<\na b; c d\n', 150, 160),
    asked('command', '@!7 show servers state web', 160, 170),
    asked('task', '1', 170, 470),
    asked('task', '2', 171, 471),
  ],
};

it('divides the time of a run by what it asked', () => {
  expect(stages(trace, 1_000)).toStrictEqual([20, 30, 10, 10, 7, 43, 40, 20, 340]);
  const quiet = { ...trace, asked: trace.asked.slice(0, 2) };
  expect(stages(quiet, 1_000)).toStrictEqual([20, 30, 10, 10, 0, 0, 0, 0, 450]);
  expect([listened(trace), listened(quiet)]).toStrictEqual([301, 0]);
});

it('counts each command of a line, and a payload as none', () => {
  const counts = { connections: 4, commands: 5, received: 400, parameterStore: 2, metadata: 1 };
  expect(countsOf(trace)).toStrictEqual(counts);
  expect(commandsIn('@!7 add map @2 /routes <<\na b; c d\n')).toStrictEqual(['add map @2 /routes']);
});

type Run = {
  readonly report: { readonly changed: string; readonly added: number };
  readonly reloads: number;
  readonly milliseconds: number;
};
type Found = {
  readonly sync: { readonly measured: { readonly rounds: readonly { readonly runs: Record<string, Run> }[] } };
};

it('runs the sync for every kind of change, and reports what each did', () => {
  const args = ['scripts/bench.ts', 'sync', '--short', '--tasks', '60', '--json', join(folder, 'found.json')];
  const options = { cwd: join(__dirname, '../..'), env: { ...process.env, TMPDIR: folder }, encoding: 'utf8' } as const;

  const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', ...args], options);

  expect([status, stdout]).toStrictEqual([0, expect.stringMatching(/one task replaced.* ms.*reloads.* 0 +met/s)]);
  const { rounds } = (JSON.parse(readFileSync(join(folder, 'found.json'), 'utf8')) as Found).sync.measured;
  const did = Object.entries(rounds[0]?.runs ?? {}).map(([name, { report, reloads }]) => [
    name,
    report.changed,
    report.added,
    reloads,
  ]);
  expect(did).toStrictEqual([
    ['nothingFew', 'nothing', 0, 0],
    ['nothingMany', 'nothing', 0, 0],
    ['oneFew', 'membership', 1, 0],
    ['oneMany', 'membership', 1, 0],
    ['host', 'routes', 0, 0],
    ['some', 'membership', 12, 0],
    ['all', 'membership', 60, 0],
    ['removed', 'nothing', 0, 0],
  ]);
}, 120_000);

import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Found } from '../../scripts/matrix/binaries';
import { haproxyReleases, nodeReleases, type Run, runsOf } from '../../scripts/matrix/forms';
import { counted, type Report, type Tested, together } from '../../scripts/matrix/jest';
import { outcomeOf } from '../../scripts/matrix/outcome';

const files = ['system', 'haproxy'].flatMap((folder) =>
  readdirSync(join(__dirname, '..', folder)).flatMap((name) =>
    name.endsWith('.test.ts') ? [`test/${folder}/${name}`] : [],
  ),
);
const found = (releases: readonly string[], absent?: string): ReadonlyMap<string, Found> =>
  new Map(
    releases.map((release) => [
      release,
      release === absent ? { lacks: 'nobody has it' } : { path: `/bin/${release}`, version: `${release}.1` },
    ]),
  );
const haproxies = found(haproxyReleases, '2.8');
const subjects = (runs: readonly Run[]) => runs.map(({ subject, lacks }) => (lacks ? `not ${subject}` : subject));

describe('the long form', () => {
  const runs = runsOf('long', haproxies, found(nodeReleases), files);

  it('tests each release of HAProxy and of Node.js by itself', () => {
    expect(subjects(runs)).toStrictEqual([
      ...['HAProxy 2.6', 'not HAProxy 2.8', 'HAProxy 3.0', 'HAProxy 3.2'],
      ...nodeReleases.map((release) => `the sync on Node.js ${release}`),
    ]);
    expect(runs.map(({ environment }) => Object.entries(environment).join())).toStrictEqual([
      ...['HAPROXY,/bin/2.6', '', 'HAPROXY,/bin/3.0', 'HAPROXY,/bin/3.2'],
      ...nodeReleases.map((release) => `SYNC_NODE,/bin/${release}`),
    ]);
  });

  it('leaves out no test of the entrance, of a label or of the sync', () => {
    const named = (pattern: RegExp) => files.filter((file) => pattern.test(file));

    expect(runs[0]?.files).toStrictEqual(expect.arrayContaining(named(/system\/(boot|edge|label|sync|routing)/)));
    expect(runs.at(-1)?.files).toStrictEqual(expect.arrayContaining(named(/system\/(boot|sync)/)));
  });
});

describe('the short form', () => {
  it('tests goldens on each HAProxy, and the newest together with the oldest Node.js', () => {
    const runs = runsOf('short', haproxies, found(['18.19']), files);
    const last = runs.at(-1);

    expect(subjects(runs)).toStrictEqual([
      ...['HAProxy 2.6', 'not HAProxy 2.8', 'HAProxy 3.0', 'HAProxy 3.2, the sync on Node.js 18.19'],
    ]);
    expect(last?.environment).toStrictEqual({ HAPROXY: '/bin/3.2', SYNC_NODE: '/bin/18.19' });
    expect(last?.files).toContain('test/system/sync-reload.test.ts');
    expect(runs[0]?.files).toStrictEqual(['test/haproxy/goldens.test.ts']);
  });

  it('tests the newest HAProxy also without that Node.js, which it names', () => {
    const runs = runsOf('short', haproxies, found(['18.19'], '18.19'), files);

    expect(subjects(runs).slice(-2)).toStrictEqual(['HAProxy 3.2', 'not the sync on Node.js 18.19']);
  });
});

describe('the outcome', () => {
  const runs = runsOf('long', haproxies, found(nodeReleases), files);
  const well: Tested = { passed: 1_200, skipped: 2, failed: [], unsteady: [] };
  const results = (ill?: Tested) =>
    runs.map((run, at) => (run.lacks ? { run } : { run, tested: at === 2 && ill ? ill : well }));

  it('says of a release that could not be tested why, and leaves its goal open', () => {
    const { goals, notRun, tables } = outcomeOf('long', results());

    expect(notRun).toStrictEqual(['HAProxy 2.8: nobody has it.']);
    expect(goals.map(({ found: is, verdict }) => [is, verdict])).toStrictEqual([
      ['0 of 3,600; not run: HAProxy 2.8', 'open'],
      ['0 of 3,600', 'met'],
    ]);
    expect(tables[0]?.rows.map((row) => row.slice(1).join(' ')).slice(0, 2)).toStrictEqual([
      '2.6.1 all that drive HAProxy 1,200 0 2',
      'not run all that drive HAProxy   ',
    ]);
  });

  it('is missed when a test fails, though a release could not be tested, and names the test', () => {
    const { goals, tables } = outcomeOf('long', results({ ...well, failed: ['test/a.test.ts: b'] }));

    expect(goals.map(({ verdict }) => verdict)).toStrictEqual(['missed', 'met']);
    expect(tables[1]?.rows).toStrictEqual([['HAProxy 3.0', 'test/a.test.ts: b']]);
  });

  it('counts a file that cannot run as a failed test', () => {
    const one = { name: '/x/test/a.test.ts', message: '\n  no such module\n at …', status: 'failed' };
    const report: Report = {
      ...{ numPassedTests: 3, numPendingTests: 1 },
      testResults: [
        { ...one, assertionResults: [] },
        { ...one, assertionResults: [{ fullName: 'b', status: 'failed' }] },
        { ...one, status: 'passed', assertionResults: [{ fullName: 'c', status: 'passed' }] },
      ],
    };

    const failed = ['test/a.test.ts: no such module', 'test/a.test.ts: b'];
    expect(counted(report, '/x')).toStrictEqual({ passed: 3, skipped: 1, failed });
  });
});

it('a test that failed beside others and passes alone counts as passed, and is named', () => {
  const first = { passed: 97, skipped: 1, failed: ['a: 1', 'a: 2', 'b: 1'] };

  expect(together(first, { passed: 5, skipped: 0, failed: ['a: 2', 'b: 2'] })).toStrictEqual({
    ...{ passed: 98, skipped: 1, failed: ['a: 2', 'b: 2'] },
    unsteady: ['a: 1', 'b: 1'],
  });
});

it('SYNC_NODE names the Node.js of the sync, which Run Command and a machine start', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'matrix-'));
  const node = join(folder, 'node');
  writeFileSync(node, '#!/bin/sh\necho \'{"changed":"by another Node.js"}\'\n');
  chmodSync(node, 0o755);
  writeFileSync(join(folder, 'sync.sh'), 'exec node sync.cjs\n');
  process.env.SYNC_NODE = node;
  let stop = async () => {};
  try {
    await jest.isolateModulesAsync(async () => {
      const { syncsOf } = require('../../scripts/proxy/syncs') as typeof import('../../scripts/proxy/syncs');
      const { processes } = require('../../scripts/real/processes') as typeof import('../../scripts/real/processes');
      const { machine } =
        require('../../scripts/local/proxy/machine') as typeof import('../../scripts/local/proxy/machine');

      const started = processes();
      stop = started.stop;
      const { sync, syncHere } = syncsOf(started, join(folder, 'sync.sh'), {});
      const played = await machine('i-1', { folder } as Parameters<typeof machine>[1], {});

      expect((await sync(1)).report).toStrictEqual({ changed: 'by another Node.js' });
      expect(await syncHere(1)).toStrictEqual({ changed: 'by another Node.js' });
      expect(played.environment.PATH?.split(':')[1]).toBe(folder);
    });
  } finally {
    await stop();
    delete process.env.SYNC_NODE;
    rmSync(folder, { recursive: true, force: true });
  }
});

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

import { path } from '../real/processes';
import type { Run } from './forms';

/** What Jest writes with `--json`, as far as it is read here. */
export type Report = {
  readonly numPassedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
};

export type Tested = {
  readonly passed: number;
  /** Tests that this release cannot be asked. */
  readonly skipped: number;
  /** Each as "test/system/x.test.ts: its name". */
  readonly failed: readonly string[];
  /** What failed beside other files, and passed alone: a busy machine fails such tests. */
  readonly unsteady: readonly string[];
};

type Counted = Omit<Tested, 'unsteady'>;

const root = join(__dirname, '../..');
const program = join(root, 'node_modules/jest/bin/jest.js');
/** Whatever imports one of these starts HAProxy. */
const starters = ['scripts/local/proxy/machine.ts', 'scripts/proxy/instance.ts'];

/** All tests that start HAProxy, or ask it whether it accepts a configuration. */
export function testsOfHaproxy(): readonly string[] {
  const list = (...args: readonly string[]) =>
    execFileSync(process.execPath, [program, '--listTests', ...args], { cwd: root, encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.endsWith('.ts'))
      .map((file) => relative(root, file));
  return [...new Set([...list('test/haproxy/'), ...list('--findRelatedTests', ...starters)])].sort();
}

/** @param isPatient whether files that fail are run once more, one after the other */
export async function test(run: Run, isPatient: boolean): Promise<Tested> {
  const first = await jestRun(run);
  const files = [...new Set(first.failed.map(fileOf))];
  if (!isPatient || files.length === 0) return { ...first, unsteady: [] };
  return together(first, await jestRun({ ...run, files }, '--runInBand'));
}

export const fileOf = (failure: string): string => failure.slice(0, failure.indexOf(': '));

/** What a second run of the failed files changes. */
export function together(first: Counted, again: Counted): Tested {
  const unsteady = first.failed.filter((each) => !again.failed.includes(each));
  const failed = [...first.failed.filter((each) => again.failed.includes(each)), ...newIn(again, first)];
  return { passed: first.passed + first.failed.length - failed.length, skipped: first.skipped, failed, unsteady };
}

const newIn = (again: Counted, first: Counted) => again.failed.filter((each) => !first.failed.includes(each));

/** Jest prints as it always does. */
async function jestRun({ files, environment }: Run, ...flags: readonly string[]): Promise<Counted> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-matrix-'));
  const report = join(folder, 'report.json');
  try {
    const args = [program, '--json', `--outputFile=${report}`, ...flags, '--runTestsByPath', ...files];
    const env = { ...process.env, PATH: path, ...environment };
    await once(spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] }), 'close');
    return counted(JSON.parse(readFileSync(report, 'utf8')) as Report, root);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file that could not run counts as one failed test. */
export function counted(report: Report, from: string): Counted {
  const failed = report.testResults.flatMap(({ name, message, status, assertionResults }) => {
    const file = relative(from, name);
    const tests = assertionResults
      .filter((each) => each.status === 'failed')
      .map(({ fullName }) => `${file}: ${fullName}`);
    const isWholeFile = status === 'failed' && tests.length === 0;
    return isWholeFile ? [`${file}: ${message.trim().split('\n')[0] ?? ''}`] : tests;
  });
  return { passed: report.numPassedTests, skipped: report.numPendingTests, failed };
}

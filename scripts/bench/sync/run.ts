import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Processes } from '../../real/processes';
import { type Counts, countsOf, listened, stages, type Trace } from './trace';

/** One run of the sync: what it reported, and what it cost. */
export type Run = {
  readonly report: Readonly<Record<string, unknown>>;
  readonly milliseconds: number;
  /** Of the script, of Node.js, and of the HAProxy that checks a configuration. */
  readonly cpuMilliseconds: number;
  readonly memoryKB: number;
  /** In ms, in the order of `stageNames`. */
  readonly stages: readonly number[];
  readonly counts: Counts;
  /** Milliseconds in which it waited for a new task to speak first. */
  readonly listened: number;
};

const probe = join(__dirname, 'probe.cjs');
/** Prints the CPU of all that it waited for. */
const timed = 'sh "$@"; code=$?; times; exit $code';

/** @throws when it fails, with what it said. */
export async function runOnce(
  processes: Processes,
  script: string,
  generation: number,
  environment: Readonly<Record<string, string>>,
): Promise<Run> {
  const file = join(processes.folder, 'trace.json');
  const lines: string[] = [];
  const traced = { SLUICE_TRACE: file, NODE_OPTIONS: `--require ${probe}`, ...environment };
  const [began, from] = [performance.timeOrigin + performance.now(), performance.now()];
  const { exited } = processes.launch(['bash', '--norc', '-c', timed, 'bash', script, String(generation)], {
    environment: traced,
    onLine: (line) => lines.push(line),
  });
  const { code } = await exited;
  const milliseconds = performance.now() - from;
  if (code !== 0) throw new Error(`the sync failed (${code}): ${lines.join('\n')}`);
  const trace = JSON.parse(readFileSync(file, 'utf8')) as Trace;
  return {
    report: JSON.parse(lines.find((line) => line.startsWith('{')) ?? '{}') as Run['report'],
    milliseconds,
    cpuMilliseconds: cpuIn(lines.at(-1) ?? ''),
    memoryKB: trace.memory,
    stages: stages(trace, began),
    counts: countsOf(trace),
    listened: listened(trace),
  };
}

/** The second line of `times`: user and system time of what the shell has started. */
function cpuIn(line: string): number {
  const found = Array.from(
    line.matchAll(/(\d+)m([\d.]+)s/g),
    ([, minutes, seconds]) => 60 * Number(minutes) + Number(seconds),
  );
  if (found.length !== 2) throw new Error(`bash did not say how much CPU the sync took, but "${line}"`);
  return 1_000 * ((found[0] ?? 0) + (found[1] ?? 0));
}

// `npm run demo`: the packaged program at work between a played AWS and a real HAProxy, under load that never pauses.
// What is played and what is real: local/world.ts. The story: demo/story.ts.
import { appendFileSync } from 'node:fs';

import { type Options, readOptions, usage } from './demo/options';
import { abortable } from './demo/perform';
import { Interrupted, play } from './demo/show';
import { createTimeline, type Timeline } from './demo/timeline';

/** What has not stopped by then never will. */
const cleanUpMs = 30_000;

void main(process.argv.slice(2)).then((code) => process.exit(code));

/** Returns the exit code: 0 for a story without a failed request, 2 for arguments that make no sense. */
async function main(args: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(args);
    // Two minutes from now would be late to learn that it cannot be written.
    if (options.json !== undefined) appendFileSync(options.json, '');
  } catch (error) {
    console.error(`demo: ${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  const coloured = process.stdout.isTTY && !process.env.NO_COLOR;
  const startedAt = Date.now();
  return run(options, createTimeline(process.stdout, startedAt, coloured), startedAt);
}

async function run(options: Options, timeline: Timeline, startedAt: number): Promise<number> {
  const end = new AbortController();
  const stops: (() => unknown)[] = [];
  // Kept to the end: a second Ctrl-C must not interrupt the cleaning up.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end.abort(new Interrupted()));
  for (const fault of ['uncaughtException', 'unhandledRejection'] as const) process.on(fault, (e) => end.abort(e));

  let code: number;
  try {
    const wrong = await play({
      options,
      timeline,
      startedAt,
      signal: end.signal,
      fail: (error) => end.abort(error),
      atEnd: (stop) => stops.push(stop),
    });
    code = wrong.length === 0 ? 0 : 1;
  } catch (error) {
    code = tellWhy(error, timeline);
  }
  return (await stopAll(stops.reverse(), timeline)) ? code : 1;
}

/** 130 is what shells say of a command that Ctrl-C ended. */
function tellWhy(error: unknown, timeline: Timeline): number {
  timeline.status('');
  if (error instanceof Interrupted) {
    timeline.text('\nStopping everything …');
    return 130;
  }
  timeline.text(`\nThe demo broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return 1;
}

/** Stops the youngest first, whatever fails on the way, and says so. */
async function stopAll(stops: readonly (() => unknown)[], timeline: Timeline): Promise<boolean> {
  const late = AbortSignal.timeout(cleanUpMs);
  let clean = true;
  for (const stop of stops) {
    try {
      await abortable(Promise.resolve(stop()), late);
    } catch (error) {
      clean = false;
      timeline.text(`While stopping: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return clean;
}

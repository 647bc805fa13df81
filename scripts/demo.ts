// `npm run demo`: the packaged program between a played AWS and a real HAProxy, under constant load.
// local/world.ts says what is played and what is real, demo/story.ts what happens.
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { Interrupted, play, type Show } from './demo/show';
import { abortable } from './demo/stage';
import { createTimeline } from './demo/timeline';

const usage = `npm run demo -- [--once] [--json FILE]

  --once       end after the story, with exit code 0 only if no request failed
  --json FILE  write what was measured to FILE`;

/** No part needs longer to stop. */
const cleanUpMs = 30_000;

void main(process.argv.slice(2)).then((code) => process.exit(code));

/** Returns the exit code: 0 for a story without a failed request, 2 for wrong arguments. */
async function main(args: readonly string[]): Promise<number> {
  let options: Show['options'];
  try {
    options = parseArgs({
      args: [...args],
      options: { once: { type: 'boolean', default: false }, json: { type: 'string' } },
    }).values;
    // A file that cannot be written fails now and not in minutes.
    if (options.json !== undefined) appendFileSync(options.json, '');
  } catch (error) {
    console.error(`demo: ${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  return run(options);
}

async function run(options: Show['options']): Promise<number> {
  const startedAt = Date.now();
  const timeline = createTimeline(process.stdout, startedAt, process.stdout.isTTY && !process.env.NO_COLOR);
  const end = new AbortController();
  const fail = (error: unknown) => end.abort(error);
  const stops: (() => unknown)[] = [];
  // These stay until the end: a second Ctrl-C must not interrupt the cleaning up.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end.abort(new Interrupted()));
  for (const fault of ['uncaughtException', 'unhandledRejection'] as const) process.on(fault, fail);

  let code: number;
  try {
    const atEnd = (stop: () => unknown) => stops.push(stop);
    const wrong = await play({ options, timeline, startedAt, signal: end.signal, fail, atEnd });
    code = wrong.length === 0 ? 0 : 1;
  } catch (error) {
    timeline.status('');
    const isInterrupted = error instanceof Interrupted;
    timeline.text(isInterrupted ? '\nStopping everything …' : `\nThe demo failed: ${textOf(error, 'stack')}`);
    // As shells report a command that Ctrl-C ended.
    code = isInterrupted ? 130 : 1;
  }
  const late = AbortSignal.timeout(cleanUpMs);
  for (const stop of stops.reverse())
    await abortable(Promise.resolve().then(stop), late).catch((error) => {
      code = 1;
      timeline.text(`While stopping: ${textOf(error, 'message')}`);
    });
  return code;
}

const textOf = (error: unknown, part: 'stack' | 'message'): string =>
  error instanceof Error ? (error[part] ?? error.message) : String(error);

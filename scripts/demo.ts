// `npm run demo`: the packaged program between a played AWS and a real HAProxy, under constant load.
// local/world.ts says what is played and what is real, demo/story.ts what happens.
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { Interrupted, play, type Show } from './demo/show';
import { abortable } from './demo/stage';
import { story } from './demo/story';
import { createTimeline } from './demo/timeline';

const usage = `npm run demo -- [options]

A story of 14 steps, about three minutes: services are deployed, scaled and killed
behind a real HAProxy, while 200 requests a second come in. AWS is played; no account
is needed. Then it stays up until Ctrl-C, for you to press the buttons of its page.

  --once          end after the story
  --json FILE     write what was measured to FILE
  --picture FILE  draw the run to FILE, as SVG
  --help          print this

  npm run demo                                 watch it in the terminal and at the printed address
  npm run demo -- --once --picture demo.svg    draw a picture of one run

Exit code: 0 no request failed, 1 one failed or the demo did, 2 wrong arguments, 130 Ctrl-C.`;

/** No part needs longer to stop. */
const cleanUpMs = 30_000;

void main(process.argv.slice(2)).then((code) => process.exit(code));

/** Returns the exit code: 0 for a story without a failed request, 2 for wrong arguments. */
async function main(args: readonly string[]): Promise<number> {
  let options: Show['options'] & { readonly help: boolean };
  try {
    options = parseArgs({
      args: [...args],
      options: {
        once: { type: 'boolean', default: false },
        ...{ json: { type: 'string' }, picture: { type: 'string' } },
        help: { type: 'boolean', default: false },
      },
    }).values;
    if (options.help) return console.log(usage) ?? 0;
    // A file that cannot be written fails now and not in minutes.
    for (const file of [options.json, options.picture]) if (file !== undefined) appendFileSync(file, '');
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
    const wrong = await play({ options, story, timeline, startedAt, signal: end.signal, fail, atEnd });
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

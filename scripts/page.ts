// `npm run page`: opens the demo's page in a real, headless Chromium, and checks what a person would notice, by keyboard and by screen
// reader too. It plays one step of the story, then presses every button.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { Interrupted, play } from './demo/show';
import { story } from './demo/story';
import { createTimeline } from './demo/timeline';
import { type Browser, startBrowser } from './page/browser';
import { checks } from './page/checks';

const usage = `npm run page -- [--pictures FOLDER]

Checks the demo's page in a headless Chromium.
  --pictures FOLDER  play the whole story instead, and write screenshots of it to FOLDER`;

const { values } = parseArgs({ options: { pictures: { type: 'string' }, help: { type: 'boolean' } } });
if (values.help) console.log(usage);
else void main(values.pictures).then((code) => process.exit(code));

async function main(folder: string | undefined): Promise<number> {
  const end = new AbortController();
  const stops: (() => unknown)[] = [];
  const atEnd = (stop: () => unknown) => stops.push(stop);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => end.abort(new Interrupted()));
  // What the demo's parts still write while they are stopped is no fault.
  for (const fault of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(fault, (error: Error) => end.abort(error));
  try {
    const browser = await startBrowser();
    atEnd(browser.stop);
    const timeline = createTimeline(folder === undefined ? { write: () => {} } : process.stdout, Date.now(), false);
    const show = {
      ...{ timeline, atEnd, startedAt: Date.now(), signal: end.signal, fail: (error: Error) => end.abort(error) },
      options: { once: false },
      story: folder === undefined ? story.slice(0, 1) : story,
    };
    let playing: Promise<unknown> = Promise.resolve();
    const url = await new Promise<string>((opened, failed) => {
      playing = play({ ...show, opened });
      playing.catch(failed);
    });
    await browser.look('light', 1280, 1000);
    await browser.open(url);
    const wrong = await Promise.race([
      folder === undefined ? check(browser, url) : shoot(browser, folder),
      playing.then(() => 1),
    ]);
    end.abort(new Interrupted());
    await playing.catch((error) => {
      if (!(error instanceof Interrupted)) throw error;
    });
    return wrong;
  } catch (error) {
    console.error(`page: ${(error as Error).message}`);
    return 1;
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

/** Returns the exit code. A check that fails does not keep the others from running. */
async function check(browser: Browser, url: string): Promise<number> {
  let code = 0;
  for (const [name, run] of checks) {
    const from = Date.now();
    const fault = await run(browser, url).then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (fault !== undefined) code = 1;
    console.log(`${fault === undefined ? 'ok    ' : 'FAILED'} ${name} (${((Date.now() - from) / 1000).toFixed(1)} s)`);
    if (fault !== undefined) console.log(`       ${fault}`);
  }
  return code;
}

/** The page as docs/images shows it: in the middle of a deployment. */
async function shoot(browser: Browser, folder: string): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const serving = `[...document.querySelectorAll('.chip.serving')].some((chip) => / v2.*● [1-9]/.test(chip.textContent))`;
  await browser.until('a deployment', `document.querySelector('.chip.stopping') && ${serving}`, 180_000);
  await sleep(1_000);
  for (const [name, scheme, width, height] of [
    ['light', 'light', 1280, 900],
    ['dark', 'dark', 1280, 900],
    ['phone', 'light', 360, 780],
  ] as const) {
    await browser.look(scheme, width, height);
    await sleep(400);
    await browser.shoot(join(folder, `demo-${name}.png`));
  }
  return 0;
}

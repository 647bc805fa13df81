import { printableJson } from '../../../lib/printable';
import { inWords } from '../refusal';
import { named } from '../stage';
import type { Deps, Given, Run } from '../verb';
import { clientsWith } from './clients';
import { printed } from './print';
import { lookAt } from './status';

export const run: Run = async (given, deps) => {
  if (given.watch === true) return watch(given, deps);
  const { text, code } = await look(given, deps);
  deps.terminal.say(text);
  return code;
};

type Seen = { readonly text: string; readonly code: number };

async function look({ region, stage, json, watch }: Given, { terminal, config, now, pause }: Deps): Promise<Seen> {
  const clients = clientsWith(config(region));
  const { progress } = terminal;
  const checks = await lookAt(clients, named(stage, region), { now, pause, progress });
  const ok = checks.every((check) => check.ok);
  const text = json
    ? printableJson({ stage, region, ok, checks }, watch === true ? undefined : 2)
    : printed(checks, terminal);
  return { text, code: ok ? 0 : 1 };
}

const betweenMs = 10_000;

/** The last picture stays while the next look runs. A look that fails is a sentence, and the next one is tried. */
async function watch(given: Given, deps: Deps): Promise<number> {
  const { terminal, now } = deps;
  const stop = new AbortController();
  const stopped = new Promise<undefined>((resolve) => stop.signal.addEventListener('abort', () => resolve(undefined)));
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  const pause: Deps['pause'] = (ms) => deps.pause(ms, stop.signal);
  let code = 1;
  try {
    for (;;) {
      const seen = await Promise.race([lookOrSay(given, { ...deps, pause }), stopped]);
      if (seen === undefined) return code;
      code = seen.code;
      terminal.progress('');
      terminal.clear();
      const time = new Date(now()).toISOString().slice(11, 19);
      terminal.say(given.json ? seen.text : `${seen.text}\n${time} UTC; again in ten seconds, until Ctrl-C\n`);
      await Promise.race([pause(betweenMs).catch(() => undefined), stopped]);
      if (stop.signal.aborted) return code;
    }
  } finally {
    terminal.progress('');
    process.removeListener('SIGINT', interrupt);
  }
}

const lookOrSay = (given: Given, deps: Deps): Promise<Seen> =>
  look(given, deps).catch((error: Error) => {
    const says = inWords(error, undefined, given.region);
    const { stage, region, json } = given;
    return { text: json ? printableJson({ stage, region, ok: false, says }) : says, code: 1 };
  });

// `npm run soak`: changes and requests side by side, and a cause for each request that was not served. soak/soak.ts says what runs.
import { appendFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { numberOf } from './arguments';
import { machine } from './measure/machine';
import { keep } from './measure/page';
import { textOf } from './measure/text';
import { haproxyVersion } from './real/haproxy';
import { processes } from './real/processes';
import { exitCodeOf, outcomeOf } from './soak/report';
import { type Given, soak } from './soak/soak';
import { ownTerminal } from './terminal/terminal';

const usage = `npm run soak -- [options]

Tasks start, stop, are killed and fall ill, hosts, certificates and labels change, and
the sync is repeated and killed, hundreds of times a minute, while requests of thirteen
kinds go through a real HAProxy. Each request that is not served gets a cause.

  --minutes N    how long (3)
  --seed N       draws the same changes again (the time of the day)
  --requests N   requests a second (640)
  --changes N    changes a minute (216)
  --json FILE    write all that was measured to FILE
  --docs         keep what was found for docs/reliability.md, which "npm run docs" writes
  --help         print this

Exit code: 0 all is well, 1 the proxy failed a request or a law was broken, 2 wrong
arguments.`;

const terminal = ownTerminal();

type Options = Given & { readonly json: string | undefined; readonly docs: boolean };

/** @throws when an argument is wrong */
function read(args: readonly string[]): Options | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { minutes: text, seed: text, requests: text, changes: text, json: text, docs: flag, help: flag },
  });
  if (values.help) return undefined;
  // It would be late to learn afterwards that it cannot be written.
  if (values.json !== undefined) appendFileSync(values.json, '');
  return {
    minutes: numberOf('minutes', values.minutes, 3, 0.05),
    seed: numberOf('seed', values.seed, Date.now() % 1_000_000),
    requestsPerSecond: numberOf('requests', values.requests, 640, 1),
    changesPerSecond: numberOf('changes', values.changes, 216, 1) / 60,
    json: values.json,
    docs: values.docs,
  };
}

/** Ctrl-C needs no handler: what was started ends with this process. */
async function run({ json, docs, ...given }: Options): Promise<number> {
  terminal.complain(`HAProxy ${haproxyVersion()}, --seed ${given.seed}`);
  const started = processes();
  try {
    const soaked = await soak(given, { processes: started, progress: terminal.progress });
    terminal.progress('');
    const outcome = outcomeOf(soaked);
    terminal.say(textOf(outcome));
    if (json !== undefined) writeFileSync(json, `${JSON.stringify({ machine: machine(), ...outcome }, null, 2)}\n`);
    if (docs) keep('soak', { day: new Date().toISOString().slice(0, 10), machine: machine(), outcome });
    return exitCodeOf(soaked);
  } finally {
    await started.stop();
  }
}

async function main(args: readonly string[]): Promise<number> {
  let options: Options | undefined;
  try {
    options = read(args);
  } catch (error) {
    terminal.complain(`soak: ${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (options === undefined) {
    terminal.say(usage);
    return 0;
  }
  return run(options).catch((error: Error) => {
    terminal.complain(`soak: ${error.message}`);
    return 1;
  });
}

void main(process.argv.slice(2)).then((code) => process.exit(code));

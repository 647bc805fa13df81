import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { printable } from '../../../lib/printable';
import type { Deps } from '../verb';

/** What the packager says of its own work; the progress replaces it. */
const ofItself =
  /^(Deploying|Removing) sluice |^✔ Service |^[×✖] Stack |^functions:$|^ {2}(reconcile|renew|unmake): |^\(node:\d+\)|^\(Use `node --trace/;
const unchanged = /No changes to deploy\. Deployment skipped/;

export type Packager = {
  readonly exit: Promise<number>;
  readonly interrupt: () => void;
  /** Whether it ended before it changed anything. */
  readonly hasRefused: () => boolean;
  /** Prints its result, which it writes at its end. */
  readonly conclude: () => void;
};

/** Starts the packager's command as a child. Its words are passed on, except those about its own work; its result waits for `conclude`. */
export function startPackager(args: readonly string[], { root, terminal, packager }: Deps): Packager {
  const path = packager ?? join(root, 'node_modules/.bin/serverless');
  const child = spawn(process.execPath, [path, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    // The plugin leaves the groups to whoever follows.
    env: { ...process.env, SLUICE_FOLLOWED: '1', NODE_NO_WARNINGS: '1', FORCE_COLOR: '0' },
  });
  const result: string[] = [];
  let hasRefused = false;
  const printed = Promise.all([
    passOn(child.stdout, (line) => result.push(line)),
    passOn(child.stderr, (line) => {
      hasRefused ||= /^(Nothing was changed:|Correct these settings)/.test(line);
      terminal.complain(line);
    }),
  ]);
  const closed = once(child, 'close').then(
    ([code]) => (code as number | null) ?? 1,
    (error: Error) => {
      terminal.complain(`the packager could not be started: ${error.message}: run \`npm ci\` in ${root} again`);
      return 1;
    },
  );
  return {
    exit: Promise.all([closed, printed]).then(([code]) => code),
    interrupt: () => void child.kill('SIGINT'),
    hasRefused: () => hasRefused,
    conclude: () => {
      for (const line of result.splice(0)) terminal.say(line);
    },
  };
}

const passOn = (stream: NodeJS.ReadableStream, print: (line: string) => unknown) =>
  once(
    createInterface({ input: stream }).on('line', (line) => {
      if (unchanged.test(line))
        print('Nothing changed since the last deploy, so nothing was deployed. --force deploys anyway.');
      else if (line.trim() !== '' && !ofItself.test(line)) print(printable(line));
    }),
    'close',
  );

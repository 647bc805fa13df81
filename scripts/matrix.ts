// `npm run matrix`: runs the tests that drive HAProxy on each supported release of it, and those of the sync on each release of Node.js.
// `-- short`: the goldens on each HAProxy; a part of the others on the newest, with the sync on the oldest Node.js.
// HAPROXY_2_8=<path> or NODE_18_19=<path> names a binary. A release without one is "not run"; only a test that fails is a failure.
import { appendFileSync, writeFileSync } from 'node:fs';
import { Argument, Command } from 'commander';

import { type Found, haproxyOf, nodeOf } from './matrix/binaries';
import { type Form, forms, haproxyReleases, nodesFor, type Run, runsOf } from './matrix/forms';
import { fileOf, test, testsOfHaproxy } from './matrix/jest';
import { outcomeOf, type Result } from './matrix/outcome';
import { machine } from './measure/machine';
import { keep } from './measure/page';
import { textOf } from './measure/text';
import { ownTerminal } from './terminal/terminal';

const terminal = ownTerminal();

const program = new Command('npm run matrix --')
  .addArgument(new Argument('[form]', 'which tests run').choices(forms).default('long'))
  .option('--json <file>', 'write all results to a file')
  .option('--docs', 'write the table to docs/')
  .action(async (form: Form, { json, docs }: { json?: string; docs?: boolean }) => {
    // It would be late to learn afterwards that it cannot be written.
    if (json !== undefined) appendFileSync(json, '');
    const [haproxies, nodes] = await Promise.all([all(haproxyReleases, haproxyOf), all(nodesFor(form), nodeOf)]);
    const results: Result[] = [];
    for (const run of runsOf(form, haproxies, nodes, testsOfHaproxy())) results.push(await resultOf(run, form));

    const outcome = outcomeOf(form, results);
    terminal.say(`\n${textOf(outcome)}`);
    for (const { run, tested } of results)
      if (tested && tested.failed.length > 0) terminal.say(again(run, tested.failed));
    if (json !== undefined) writeFileSync(json, `${JSON.stringify({ machine: machine(), ...outcome }, null, 2)}\n`);
    if (docs) keep('matrix', { day: new Date().toISOString().slice(0, 10), machine: machine(), outcome });
    process.exitCode = outcome.goals.some(({ verdict }) => verdict === 'missed') ? 1 : 0;
  });

/** Fetches what is missing, all at once. */
async function all(releases: readonly string[], find: (release: string) => Promise<Found>) {
  return new Map(await Promise.all(releases.map(async (release) => [release, await find(release)] as const)));
}

/** CI's short form has no patience with a test that fails at times. */
async function resultOf(run: Run, form: Form): Promise<Result> {
  if (run.lacks !== undefined) return { run };
  terminal.say(`\n${run.subject}: ${run.version}, ${run.files.length} files of tests`);
  return { run, tested: await test(run, form === 'long') };
}

/** The command that runs the failed files once more. */
function again({ subject, environment }: Run, failed: readonly string[]): string {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const files = new Set(failed.map(fileOf));
  return `\nFailed on ${subject}; again with:\n  ${[...variables, 'npx jest', ...files].join(' ')}`;
}

void program.parseAsync();

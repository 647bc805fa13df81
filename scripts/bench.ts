// `npm run bench`: what Sluice costs, how fast it is, and what others cost beside it. `-- --help` lists the benches, `-- edge --help` the
// options of one.
import { appendFileSync, writeFileSync } from 'node:fs';
import { Command, Option as Flag, InvalidArgumentError } from 'commander';

import type { Bench, Given, Option } from './bench/bench';
import { benches } from './bench/benches';
import { writePages } from './docs/pages';
import { machine } from './measure/machine';
import type { Outcome } from './measure/outcome';
import { keep } from './measure/page';
import { textOf } from './measure/text';
import { processes } from './real/processes';
import { ownTerminal } from './terminal/terminal';

const terminal = ownTerminal();
/** `lines` looks for one cause inside `edge`, so it runs only when it is asked for. */
const ofAll = Object.keys(benches).filter((name) => name !== 'lines');

function program(): Command {
  const all = new Command('npm run bench --').exitOverride().showHelpAfterError().helpCommand(false);
  for (const [name, { summary, options }] of Object.entries(benches))
    common(withOptions(all.command(name).description(summary), options)).action((given: Given) => run([name], given));
  common(all.command('all').description('all but lines, one after the other')).action((given: Given) =>
    run(ofAll, given),
  );
  return all;
}

function withOptions(command: Command, options: readonly Option[]): Command {
  for (const { flags, says, standard } of options)
    command.addOption(
      standard === undefined ? new Flag(flags, says) : new Flag(flags, `${says} (${standard})`).argParser(positive),
    );
  return command;
}

const common = (command: Command): Command =>
  command
    .option('--short', 'measure only enough to see that it works')
    .option('--json <file>', 'write all that was measured to a file')
    .option('--docs', 'write what was found to docs/');

function positive(text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('It must be above 0.');
  return value;
}

async function run(names: readonly string[], given: Given): Promise<void> {
  const { json, docs } = given as { json?: string; docs?: boolean };
  // It would be late to learn afterwards that it cannot be written.
  if (json !== undefined) appendFileSync(json, '');
  const found: Record<string, Outcome> = {};
  for (const name of names) {
    const outcome = await measure(benches[name] as Bench, given);
    found[name] = outcome;
    terminal.say(`${textOf(outcome)}\n`);
    if (docs) keep(name, { day: new Date().toISOString().slice(0, 10), machine: machine(), outcome });
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ machine: machine(), ...found }, null, 2)}\n`);
  if (docs) writePages();
}

/** Ctrl-C needs no handler: what was started ends with this process. */
async function measure({ options, load }: Bench, given: Given): Promise<Outcome> {
  const started = processes();
  try {
    const { run: bench } = await load();
    return await bench({ ...standards(options, given.short === true), ...given }, { processes: started, ...terminal });
  } finally {
    terminal.progress('');
    await started.stop();
  }
}

/** `all` has no options of a single bench, and `--short` outranks none that was given. */
const standards = (options: readonly Option[], isShort: boolean): Given =>
  Object.fromEntries(
    options.map(({ flags, standard, short }) => [nameOf(flags), isShort ? (short ?? standard) : standard]),
  );

const nameOf = (flags: string): string => new Flag(flags).attributeName();

/** Returns the exit code: 2 for invalid arguments, 1 for a bench that could not measure. */
async function main(args: readonly string[]): Promise<number> {
  try {
    await program().parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    const { exitCode, message } = error as Error & { exitCode?: number };
    if (exitCode === 0) return 0;
    if (exitCode === undefined) terminal.complain(`bench: ${message}`);
    return exitCode === undefined ? 1 : 2;
  }
}

void main(process.argv.slice(2)).then((code) => process.exit(code));

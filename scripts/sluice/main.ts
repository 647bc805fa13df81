import { lookup } from 'node:dns/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Command, CommanderError, Option } from 'commander';

import { printable } from '../../lib/printable';
import { ownTerminal } from '../terminal/terminal';
import { inWords } from './refusal';
import { type Deps, type Given, Stop, type Verb } from './verb';
import { verbs } from './verbs';

const { regionOf, stageFault } = require('../../resources/settings/file.cjs') as {
  regionOf: (stage: string) => string;
  stageFault: (stage: string) => string | undefined;
};

const exitCodes = 'Exit codes: 0 all is well, or done; 1 not ok, or failed; 2 wrong arguments.';

/** Runs one verb. Returns the exit code; prints every error as a sentence. */
export async function main(args: readonly string[], deps: Deps = ownDeps()): Promise<number> {
  let code = 0;
  let asked: { readonly verb: Verb; readonly region: string } | undefined;
  const program = programOf(deps, async (verb, given, words) => {
    asked = { verb, region: given.region };
    const { run } = await verb.load();
    code = await run(given, deps, ...words);
  });
  try {
    await program.parseAsync(args.length === 0 ? ['--help'] : [...args], { from: 'user' });
    return code;
  } catch (error) {
    // Commander has printed what is wrong, or the help.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    deps.terminal.progress('');
    deps.terminal.complain(`sluice: ${printableLines(inWords(error as Error, asked?.verb, asked?.region ?? ''))}`);
    return error instanceof Stop ? error.code : 1;
  }
}

const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

type Ask = (verb: Verb, given: Given, words: readonly string[]) => Promise<void>;

function programOf({ terminal }: Deps, ask: Ask): Command {
  const program = new Command('sluice')
    .description('Sluice: HAProxy in front of ECS, kept in sync by events. Each verb has --help with examples.')
    .usage('<verb> [options]')
    .helpCommand(false)
    .configureHelp({
      subcommandTerm: (command) =>
        `${command.name()} ${command.registeredArguments.map((each) => `<${each.name()}>`).join(' ')}`,
    })
    .configureOutput({
      writeOut: (text) => terminal.say(text.trimEnd()),
      writeErr: (text) => terminal.complain(text.trimEnd().replace(/^error: /, 'sluice: ')),
      getOutHelpWidth: () => terminal.columns,
      getErrHelpWidth: () => terminal.columns,
    })
    .addHelpText('after', `\n${exitCodes}\nThe region is that of settings.yml, unless --region names another.`)
    .showHelpAfterError('(--help shows how)')
    .enablePositionalOptions()
    .exitOverride();
  for (const verb of verbs) addVerb(program, verb, ask);
  return program;
}

function addVerb(program: Command, verb: Verb, ask: Ask): void {
  const command = program
    .command(verb.usage)
    .summary(verb.summary)
    .description(`${sentence(verb.summary)}`);
  if (verb.handsOn)
    command.allowUnknownOption().allowExcessArguments().helpOption(false).usage('[options]').argument('[options...]');
  if (verb.isOfStage)
    command
      .addOption(new Option('--stage <stage>', 'the stage').default('dev').argParser(stageOf))
      .option('--region <region>', 'its region; by default that of settings.yml');
  for (const [flags, says, standard] of verb.options ?? []) command.option(flags, says, standard);
  if (verb.hasJson) command.option('--json', 'print JSON, for a program');
  command.addHelpText('after', () => after(verb));
  command.action(async () => {
    const {
      stage = 'dev',
      json = false,
      ...given
    } = command.opts<{ stage?: string; json?: boolean; region?: string }>();
    await ask(
      verb,
      { ...given, stage, json, region: given.region ?? (verb.isOfStage ? regionOf(stage) : '') },
      command.args,
    );
  });
}

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;

function stageOf(given: string): string {
  const fault = stageFault(given);
  if (fault !== undefined) throw new Stop(fault, 2);
  return given;
}

function after({ usage, examples, policy }: Verb): string {
  const [name = ''] = usage.split(' ');
  const lines = examples.map(([args, says]) => `  npx sluice ${name}${args && ` ${args}`}\n      ${says}`);
  const permissions = policy ? [`Permissions that your user needs: ${policy}`] : [];
  return ['', 'Examples:', ...lines, '', ...permissions, exitCodes].join('\n');
}

/** A call that hangs is an error: a person waits. */
const patience = { connectionTimeout: 5_000, requestTimeout: 20_000, throwOnRequestTimeout: true };

function ownDeps(): Deps {
  const root = resolve(__dirname, '../..');
  const cwd = (process.env.npm_lifecycle_event === 'sluice' && process.env.INIT_CWD) || process.cwd();
  const { SLUICE_SETTINGS: settings } = process.env;
  if (settings && !isAbsolute(settings)) process.env.SLUICE_SETTINGS = join(cwd, settings);
  process.chdir(root);
  // A reader that stops early, such as `head`, is no fault.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));
  const config = (region: string) => ({ region, requestHandler: patience });
  return {
    terminal: ownTerminal(),
    config,
    now: Date.now,
    pause: (ms, signal) => pause(ms, undefined, { signal }),
    resolve: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
    root,
    cwd,
  };
}

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { verbs } from '../../scripts/sluice/verbs';
import { terminalOf } from '../../scripts/terminal/terminal';
import { sluice } from './console';

const names = verbs.map(({ usage }) => usage.split(' ')[0] ?? '');

it('without a verb lists all of them, and exits with 0', async () => {
  const { code, output } = await sluice([]);

  expect(code).toBe(0);
  for (const name of names) expect(output).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
  expect(output.split('\n').filter((line) => line.length > 80)).toStrictEqual([]);
});

it.each(verbs.filter(({ handsOn }) => !handsOn).map(({ usage, examples }) => [usage, examples] as const))(
  '%s has help with examples that it takes',
  async (usage, examples) => {
    const [name = ''] = usage.split(' ');
    const { code, output } = await sluice([name, '--help']);

    expect(code).toBe(0);
    for (const [args] of examples) expect(output).toContain(`npx sluice ${name}${args && ` ${args}`}\n`);
    expect(output).toContain('Exit codes: 0 ');
    for (const [args] of examples) {
      const options = args.split(' ').filter((word) => word.startsWith('--'));
      expect(options.filter((option) => !output.includes(option))).toStrictEqual([]);
    }
  },
);

it.each([
  [['statsu'], /^sluice: unknown command 'statsu'\n\(Did you mean status\?\)/],
  [['explain'], /^sluice: missing required argument 'url'/],
  [['status', '--stge', 'prod'], /^sluice: unknown option '--stge'\n\(Did you mean --stage\?\)/],
  [
    ['status', '--stage', 'Prod!'],
    /^sluice: --stage "Prod!" is not a name of a stage: .*did you mean --stage prod\?\n$/,
  ],
  [['status', 'prod'], /^sluice: too many arguments for 'status'/],
])('%j is wrong: exit code 2, and what to type', async (args, says) => {
  const { code, output, complaints } = await sluice(args);

  expect([code, output]).toStrictEqual([2, '']);
  expect(complaints).toMatch(says);
});

it('takes the region from the settings of the stage', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-settings-'));
  process.env.SLUICE_SETTINGS = join(folder, 'settings.yml');
  const regions: string[] = [];
  const config = (region: string) => {
    regions.push(region);
    throw new Error('stop here');
  };

  const ask = (...args: string[]) => sluice(['status', ...args], { config });
  await ask();
  writeFileSync(process.env.SLUICE_SETTINGS, 'default: { region: us-west-2 }\nprod: { region: us-east-1 }');
  for (const args of [[], ['--stage', 'prod'], ['--stage', 'prod', '--region', 'eu-west-3']]) await ask(...args);
  writeFileSync(process.env.SLUICE_SETTINGS, 'default: { region: [London] }');
  await ask();

  delete process.env.SLUICE_SETTINGS;
  rmSync(folder, { recursive: true });
  expect(regions).toStrictEqual(['eu-west-2', 'us-west-2', 'us-east-1', 'eu-west-3', 'eu-west-2']);
});

describe('in a clone without packages', () => {
  const clone = mkdtempSync(join(tmpdir(), 'sluice-clone-'));
  const run = () => spawnSync(process.execPath, ['scripts/sluice.cjs', 'status'], { cwd: clone, encoding: 'utf8' });
  beforeAll(() => {
    mkdirSync(join(clone, 'scripts'));
    copyFileSync('scripts/sluice.cjs', join(clone, 'scripts/sluice.cjs'));
  });
  afterAll(() => rmSync(clone, { recursive: true }));

  it('says in one sentence what to run', () => {
    expect(run()).toMatchObject({
      ...{ status: 1, stdout: '' },
      stderr: `sluice: the packages are not installed yet: run \`npm ci\` in ${clone}, then the same command.\n`,
    });
  });
});

it('npm puts the command where npx looks first', () => {
  expect(existsSync('node_modules/.bin/sluice')).toBe(true);
});

it.each([
  [
    true,
    'sluice: run this, then again:\n  `aws configure --profile prod`\n  domain: is missing; name it in the\n    settings\n',
  ],
  [
    undefined,
    'sluice: run this, then again: `aws configure --profile prod`\n  domain: is missing; name it in the settings\n',
  ],
])(
  'wraps a complaint on a terminal (%s) between words and outside commands, and leaves a pipe its lines',
  (isTTY, shown) => {
    const written: string[] = [];
    const err = { isTTY: isTTY as boolean, columns: 40, write: (text: string) => written.push(text) };

    terminalOf(err, err, false).complain(
      'sluice: run this, then again: `aws configure --profile prod`\n  domain: is missing; name it in the settings',
    );

    expect(written.join('')).toBe(shown);
  },
);

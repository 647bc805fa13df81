import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Settings = Record<string, unknown>;
const { check, names } = require('../../resources/settings.cjs') as {
  check: (given: Settings, where: string) => Settings;
  names: string[];
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
    return (error as Error).stack?.split('\n  ').slice(1) ?? [];
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
      'domain: is the domain itself, without *.',
      'hostedZoneId: is missing',
      'proxies: Too big: expected number to be <=3',
      'keytype: there is no such setting; did you mean keyType?',
      'publicSubnetIds: is missing: vpcId, publicSubnetIds, clusters go together',
      'clusters: is missing: vpcId, publicSubnetIds, clusters go together',
      'helloWorld: has no place in clusters that are not this stack’s own',
      'taskInstanceTypes: must all have one processor, Arm (such as t4g.small) or x86 (such as t3a.small)',
    ]);
  });

  it.each([
    [{ domain: 'Example.com' }, 'domain: is no domain name in lower case, such as example.com or *.example.com'],
    [{ hostedZoneId: 'example.com' }, 'hostedZoneId: must be the id of a Route 53 hosted zone'],
    [{ contact: 'me' }, 'contact: is no e-mail address'],
    [{ certificates: [['a b']] }, 'certificates.0.0: is no domain name'],
    [
      { certificates: [['a.example', 'b.example'], ['a.example']] },
      'certificates: must not begin with the same name twice',
    ],
    [{ acmeDirectory: 'http://ca.example' }, 'acmeDirectory: '],
    [{ vpcCidr: '10.0.0.0/24' }, 'vpcCidr: must be between /16 and /23, for two subnets of /24'],
    [{ proxyInstanceType: 't3.nano' }, 'proxyInstanceType: must be a type with an Arm processor, such as t4g.nano'],
    [{ ...beside, clusters: ['arn:aws:ecs:a:b:cluster/c'] }, 'clusters.0: is no name of an ECS cluster; give names'],
    [{ taskSecurityGroupIds: ['sg-0123456789abcdef0'] }, 'taskSecurityGroupIds: needs vpcId beside it'],
    [{ cloudMap: true, helloWorld: false }, 'cloudMap: needs helloWorld'],
    [{ ...beside, cloudMap: true }, 'cloudMap: needs helloWorld'],
    [{ alb: 'true', helloWorld: false }, 'alb: needs helloWorld'],
    [{ ...beside, alb: true }, 'alb: needs helloWorld'],
    [{ albPercent: 10 }, 'albPercent: needs alb'],
    [{ alb: true, albPercent: 101 }, 'albPercent: Too big'],
    [{ alb: true, albPercent: '10', dns: 'none' }, 'albPercent: needs records'],
    [{ clusters: ['default'] }, 'vpcId: is missing: vpcId, publicSubnetIds, clusters go together'],
  ])('are refused in words: %j', (given, fault) => {
    expect(faults({ ...needed, ...given })).toContainEqual(expect.stringContaining(fault));
  });

  it('are not more than Lambda takes, which would say so only in the middle of a deploy', () => {
    const names = (which: number) => Array.from({ length: 25 }, (_, n) => `name-${n}.zone-${which}.example`);

    expect(faults({ ...needed, certificates: [0, 1].map(names) })).toStrictEqual([]);
    expect(faults({ ...needed, certificates: [0, 1, 2, 3, 4, 5, 6].map(names) })).toStrictEqual([
      'certificates: have more than 3000 characters together: use wildcards',
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

describe('npx sls package', () => {
  const packaged = (file: string, ...words: string[]) =>
    new Promise<string>((resolve) => {
      const folder = mkdtempSync(join(tmpdir(), 'sluice-settings-'));
      writeFileSync(join(folder, 'settings.yml'), file);
      const env = { ...process.env, SLUICE_SETTINGS: join(folder, 'settings.yml'), TMPDIR: folder };
      const all = ['package', '--package', join(folder, 'out'), ...words];
      execFile('node_modules/.bin/sls', all, { cwd: root, env }, (error, stdout, stderr) => {
        const template = error || readFileSync(join(folder, 'out/cloudformation-template-update-stack.json'), 'utf8');
        rmSync(folder, { recursive: true });
        resolve(`${stdout}${stderr}${error ? '' : template}`);
      });
    });

  it('reads the user’s own file, a stage’s block above the default one, and --param above both', async () => {
    const file = [
      'default: { domain: one.example, hostedZoneId: Z0123456789, maxTaskHosts: 2, dns: apex }',
      'prod: { domain: two.example, maxTaskHosts: 3 }',
    ];
    const template = await packaged(file.join('\n'), '--stage', 'prod', '--param', 'maxTaskHosts=7');

    expect(template).toContain('"Name": "two.example"');
    expect(template).toMatch(/"MaxSize": "?7/);
    expect(template).not.toContain('one.example');
  }, 30_000);

  it('is refused with every fault, before anything is packaged', async () => {
    const said = await packaged('default: { domain: one.example, taskCapacty: spot, dns: www }');

    expect(said).toContain('hostedZoneId: is missing');
    expect(said).toContain('taskCapacty: there is no such setting; did you mean taskCapacity?');
    expect(said).toContain('dns: Invalid option');
  }, 30_000);
});

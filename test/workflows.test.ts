import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

// What actionlint does not know: scripts/actionlint.sh checks the rest.
const read = (path: string) => readFileSync(join(__dirname, '../.github', path), 'utf8');
const scriptsOf = (text: string) =>
  [...text.matchAll(/run: (?:\|\n((?: {10}.*\n)+)|(.*))/g)].map(([, block, line]) => block ?? line ?? '');
const deploy = read('workflows/deploy.yml');

it.each(Object.entries({ check: [], deploy: ['      id-token: write'] }))(
  '%s pins its actions, and can write to nothing but %j',
  (name, rights) => {
    const text = read(`workflows/${name}.yml`);

    for (const action of text.match(/uses: .*/g) ?? []) expect(action).toMatch(/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    expect(text).toContain('\npermissions: {}\n');
    expect(text.match(/^ +[a-z-]+: write/gm) ?? []).toStrictEqual(rights);
    expect(text).not.toMatch(/secrets\.|aws-(access-key-id|secret)/);
    expect(text.match(/persist-credentials: false/g)?.length).toBe(text.match(/actions\/checkout@/g)?.length);
    expect(scriptsOf(text).filter((script) => script.includes('${{'))).toStrictEqual([]);
  },
);

it.each([
  ["the environment's variable, which outranks a committed file", 'a: "$(id) `id` %s"', 'echo b >settings.yml'],
  ['a committed file', '', `echo 'a: "$(id) \`id\` %s"' >settings.yml`],
  ['missing, which ends the deploy before it takes a role', '', ':'],
])('the settings of a deploy are %s', (kind, SETTINGS, committed) => {
  const [script = ''] = scriptsOf(deploy.replace(/role-to-assume[\s\S]*/, '')).slice(1);
  const whole = `cd "$(mktemp -d)"; trap 'rm -r "$PWD"' EXIT; ${committed}\n${script}cat settings.yml`;
  const { stdout } = spawnSync('bash', ['-e', '-c', whole], { env: { ...process.env, STAGE: 'prod', SETTINGS } });
  expect(`${stdout}`).toMatch(/^missing/.test(kind) ? /^::error::.*\n$/ : /^a: "\$\(id\) `id` %s"\n$/);
});

it('a deploy ends before its job, the job before the credentials, and their role trusts one environment', () => {
  const role = read('deploy-role.yml');
  expect(deploy).toMatch(
    /sluice deploy[\s\S]*failure\(\)[\s\S]*describe-stack-events[\s\S]*describe-scaling-activities/,
  );
  const [, allowed] = /Repository:[\s\S]*?AllowedPattern: "(.*)"/.exec(role) ?? [];

  expect(`${deploy}${role}`).toMatch(/minutes: 120[\s\S]*seconds: 7200[\s\S]*minutes: 90\n[\s\S]*Duration: 7200\n/);
  expect(role).toMatch(/StringEquals:\n.*:aud: sts\.amazonaws\.com\n.*:sub: !Sub repo:\$.*y}:environment:\$.*t}\n\n/);
  expect(role).not.toMatch(/StringLike|^ +Policies:/m);
  // GitHub: immutable subject claims, since July 2026.
  for (const name of ['o/n', 'o@1/n@4', 'o/*', 'o/n:ref:main', 'n'])
    expect([name, RegExp(`^(${allowed})$`).test(name)]).toStrictEqual([name, /^o(@1)?\/n(@4)?$/.test(name)]);
});

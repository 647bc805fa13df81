import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const read = (...path: string[]) => readFileSync(join(__dirname, '../.github', ...path), 'utf8');
const workflows = readdirSync(join(__dirname, '../.github/workflows')).map((name) => [name, read('workflows', name)]);

describe.each(workflows)('the workflow %s', (_, text) => {
  it('names each action by its commit, with the version for people', () => {
    const actions = text?.match(/uses: .*/g) ?? [];

    expect(actions.length).toBeGreaterThan(0);
    for (const action of actions) expect(action).toMatch(/^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('has no permission but what a job asks for, and writes nothing to the repository', () => {
    expect(text).toContain('\npermissions: {}\n');
    expect(text?.match(/^ +[a-z-]+: (write|write-all)\b/gm) ?? []).toStrictEqual(
      text?.includes('role-to-assume') ? ['      id-token: write'] : [],
    );
  });

  it('knows no secret, and leaves no token on the disk', () => {
    expect(text).not.toMatch(/secrets\.|aws-(access-key-id|secret)/);
    expect(text?.match(/persist-credentials: false/g)?.length).toBe(text?.match(/actions\/checkout@/g)?.length);
  });

  it('hands nothing to a shell but by its environment, where it cannot become a command', () => {
    expect(commands(text).length).toBeGreaterThan(0);
    for (const command of commands(text)) expect(command).not.toContain('${{');
  });
});

describe('the settings of a deploy', () => {
  const write = commands(read('workflows', 'deploy.yml')).find((command) => command.includes('settings.yml')) ?? '';
  const written = (settings: string, committed?: string) => {
    const cwd = mkdtempSync(join(tmpdir(), 'sluice-deploy-'));
    const file = join(cwd, 'settings.yml');
    if (committed !== undefined) writeFileSync(file, committed);
    const { status, stdout } = spawnSync('bash', ['-e', '-c', write], {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, STAGE: 'prod', SETTINGS: settings },
    });
    const text = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    rmSync(cwd, { recursive: true });
    return { status, stdout, text };
  };

  it('are the environment’s variable, which outranks a committed file', () => {
    const settings = 'default:\n  domain: example.com\n  contact: "$(id) `id` %s"';

    expect(written(settings)).toStrictEqual({ status: 0, stdout: '', text: `${settings}\n` });
    expect(written(settings, 'default: {}\n').text).toBe(`${settings}\n`);
  });

  it('are a committed file without it', () => {
    expect(written('', 'default: {}\n')).toStrictEqual({ status: 0, stdout: '', text: 'default: {}\n' });
  });

  it('are missed in words before a role is taken', () => {
    expect(written('')).toStrictEqual({
      status: 1,
      stdout: expect.stringMatching(/^::error::There are no settings: set the variable SETTINGS of environment prod /),
      text: undefined,
    });
    expect(read('workflows', 'deploy.yml')).toMatch(/run: npm ci[\s\S]*settings.yml[\s\S]*role-to-assume/);
  });
});

describe('a deploy that hangs', () => {
  const text = read('workflows', 'deploy.yml');
  const minutes = (pattern: RegExp) => Number(pattern.exec(text)?.[1]);

  it('is ended before its job, and both before the role’s credentials, which still tell why', () => {
    const [step, job] = [minutes(/^ {8}timeout-minutes: (\d+)/m), minutes(/^ {4}timeout-minutes: (\d+)/m)];
    const credentials = minutes(/role-duration-seconds: (\d+)/) / 60;
    const most = Number(/MaxSessionDuration: (\d+)/.exec(read('deploy-role.yml'))?.[1]) / 60;

    expect(step).toBeLessThan(job);
    expect(job).toBeLessThanOrEqual(credentials);
    expect(credentials).toBeLessThanOrEqual(most);
    expect(text).toMatch(
      /sls deploy[\s\S]*if: failure\(\)[\s\S]*describe-stack-events[\s\S]*describe-scaling-activities/,
    );
  });
});

/** What a workflow's steps run in a shell. */
function commands(text = ''): string[] {
  return [...text.matchAll(/run: (?:\|\n((?: {10}.*\n)+)|(.*))/g)].map(([, block, line]) => block ?? line ?? '');
}

describe('the role of the deploys', () => {
  const role = read('deploy-role.yml');
  const trust = role.slice(role.indexOf('AssumeRolePolicyDocument'), role.indexOf('\nOutputs'));

  it('trusts tokens for AWS, of one environment of one repository, compared whole', () => {
    expect(trust.match(/token\.actions\.githubusercontent\.com:.*/g)).toStrictEqual([
      'token.actions.githubusercontent.com:aud: sts.amazonaws.com',
      'token.actions.githubusercontent.com:sub: !Sub repo:${Repository}:environment:${Environment}',
    ]);
    expect(trust).toContain('StringEquals:');
    expect(trust).not.toMatch(/StringLike|\*/);
  });

  it.each([
    ['owner/name', true],
    // The form since July 2026 (GitHub: immutable subject claims).
    ['owner@123456/name@456789', true],
    ['owner/*', false],
    ['owner/name:ref:refs/heads/main', false],
    ['name', false],
  ])('takes %s for a repository: %s', (repository, taken) => {
    const pattern = /Repository:[\s\S]*?AllowedPattern: "(.*)"/.exec(role)?.[1] ?? '';

    expect(new RegExp(`^(?:${pattern})$`).test(repository)).toBe(taken);
  });

  it('has no right that docs/deploy-policy.json does not give', () => {
    expect(role).toContain('ManagedPolicyArns: [!Ref PolicyArn]');
    expect(role.match(/^ +Policies:/gm)).toBeNull();
  });
});

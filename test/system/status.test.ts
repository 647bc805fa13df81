import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';

import type { Policy } from '../../scripts/local/api/iam';
import type { Credentials } from '../../scripts/local/api/signature';
import { readTemplate } from '../../scripts/local/package/template';
import { packaged } from '../../scripts/real/package';
import { named } from '../../scripts/sluice/stage';
import type { Check } from '../../scripts/sluice/status/check';
import { clientsWith } from '../../scripts/sluice/status/clients';
import { lookAt } from '../../scripts/sluice/status/status';
import { quiet } from '../sluice/console';
import { type Alarm, identity, measured, statsOf } from './cloudwatch';
import { observer } from './observer';
import { world, worldForAll } from './shop';
import { type Damaged, damages, subscription } from './status-damages';

const root = join(__dirname, '../..');
const policy = JSON.parse(readFileSync(join(root, 'docs/status-policy.json'), 'utf8')) as Policy;

let seen: ReturnType<typeof observer>;
let user: Credentials;
worldForAll({ certificates: true }, async () => {
  seen = observer(world.aws, world.proxies);
  world.aws.connect(seen.handlers);
  user = world.aws.assume('StatusUser', [policy]);
  start('shop', hello);
  world.aws.deployed();
  await until(async () => (await look()).every(({ ok }) => ok));
});

const hello = [process.execPath, 'resources/hello-world/hello.mjs'];

function start(name: string, command: readonly string[], labels = { 'haproxy.host': `${name}.sluice.test` }): void {
  const app = { name: 'app', command: [...command], containerPort: 8080, labels };
  const taskDefinition = world.ecs.registerTaskDefinition({ family: name, containers: [app] });
  if (world.ecs.tasks(name).length === 0) world.ecs.createService({ name, taskDefinition, desiredCount: 1 });
  else world.ecs.updateService(name, { taskDefinition, desiredCount: 1 });
}

const look = (credentials = user, stage = 'dev'): Promise<readonly Check[]> => {
  const config = { region: 'eu-west-2', endpoint: world.aws.api.endpoint, credentials, maxAttempts: 1 };
  return lookAt(clientsWith(config), named(stage, config.region), quiet);
};
const bad = async (...asked: Parameters<typeof look>) => (await look(...asked)).filter(({ ok }) => !ok);

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 45_000; !(await holds()); await pause(600))
    if (Date.now() > end) throw new Error(`waited 45 seconds in vain; not ok: ${JSON.stringify(await bad(), null, 2)}`);
}

/** The command, as somebody's shell would run it. */
async function run(...args: readonly string[]) {
  const child = spawn(process.execPath, ['scripts/sluice.cjs', 'status', ...args], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      AWS_ENDPOINT_URL: world.aws.api.endpoint,
      AWS_REGION: 'eu-west-2',
      AWS_ACCESS_KEY_ID: user.accessKeyId,
      AWS_SECRET_ACCESS_KEY: user.secretAccessKey,
      AWS_SESSION_TOKEN: user.sessionToken,
      NODE_NO_WARNINGS: '1',
    },
  });
  const [output, complaints, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, output, complaints };
}

const id = () => world.proxies.current(1).id;
const generation = () =>
  world.aws.parameters.handlers['ssm:GetParameter']({ Name: '/sluice/dev/haproxy/current' }).Parameter.Version;

describe('in good times', () => {
  it('reports each check as ok', async () => {
    const at = `127.0.0.1:${world.proxy.https.port}`;
    const certificate = /^127\.0\.0\.1:\d+ serves sluice\.test, \*\.sluice\.test by .*Pebble.*, \d+ days left$/;

    expect((await look()).map(({ ok, what, says }) => [ok, what, says])).toStrictEqual(
      [
        ['proxy 1', `${id()} has ${at}, its agent is online`],
        ['published', `generation ${generation()}`],
        ['sync 1', `runs generation ${generation()}`],
        ['tasks 1', 'every task that should serve passes its check'],
        ['service sluice-dev/shop', 'https://shop.sluice.test/, 1 of 1 task'],
        ['queue', 'empty'],
        ['dead letters', 'none'],
        ['certificate 1', expect.stringMatching(certificate)],
        ['alarms', '7, none is in ALARM'],
        ['alarm e-mail', 'alarms go to hostmaster@sluice.test'],
      ].map((line) => [true, ...line]),
    );
  });

  it('names two services that share a host for as long as they share it, and so does the log', async () => {
    const labels = { 'haproxy.host': 'shop.sluice.test', 'haproxy.path': '/api' };
    const words = 'sluice-dev/api takes shop.sluice.test/api from sluice-dev/shop, which serves shop.sluice.test/';
    start('api', hello, labels);
    await until(async () => (await look()).some(({ ok, says }) => ok && says === words));

    expect(await bad()).toStrictEqual([]);
    expect(world.reconciles().at(-1)?.result).toMatchObject({ faults: [], overlaps: [words] });
    start('api', hello);
    await until(async () => !(await look()).some(({ says }) => says === words));
  });

  it('is a command: lines for people without a terminal, exit code 0', async () => {
    const { code, output, complaints } = await run();

    expect([code, complaints]).toStrictEqual([0, '']);
    expect(output).toMatch(/^ok {6}proxy 1 .*\nAll is well\.\n$/s);
  });

  it('asks for nothing that docs/status-policy.json does not list', () => {
    const calls = world.aws.api.calls.filter(({ role }) => role === 'StatusUser');

    expect(calls.filter(({ outcome }) => /Denied|Unauthorized/.test(outcome))).toStrictEqual([]);
  });

  it('the packaged functions and the sync measure what the alarms look at, the faults, and nothing else', async () => {
    world.tick();
    await until(async () => new Set(measured(world).map(identity)).size === 4);

    const alarms = readTemplate(await packaged(), 'http://localhost')<Alarm>('AWS::CloudWatch::Alarm');
    const watched = alarms.flatMap(({ properties }) => statsOf(properties).map(({ Metric }) => Metric));
    const own = watched.filter(({ Namespace }) => !Namespace.startsWith('AWS/')).map(identity);
    const faults = identity({ Namespace: 'Sluice/dev', MetricName: 'Faults' });
    expect([...new Set(measured(world).map(identity))].sort()).toStrictEqual([...new Set([...own, faults])].sort());
  });
});

const damaged = (): Damaged => ({ world, seen, start, bad, until });

describe('reports what is wrong, and what to do next:', () => {
  it.each(damages)('%s', async (_, damage, expected) => {
    const repair = await damage(damaged());
    const found = await bad();
    await repair();

    expect(found.map(({ what }) => what)).toStrictEqual(expected.map(([what]) => what));
    for (const [index, [, says, next]] of expected.entries()) {
      expect(found[index]?.says).toMatch(says);
      expect(found[index]?.next).toMatch(next);
    }
    await until(async () => (await bad()).length === 0);
  });

  it('a stage that does not exist, and a user without a permission, who sees the rest', async () => {
    const Statement = policy.Statement.filter(({ Action }) => !Action.includes('ssm:SendCommand'));
    const other = world.aws.assume('OtherUser', [{ ...policy, Statement }]);

    expect((await bad(user, 'prod'))[0]).toMatchObject({
      ...{ what: 'proxies', says: 'stage prod has no proxies here' },
      next: 'name the --stage and --region that you deployed, or deploy it',
    });
    expect(await bad(other)).toMatchObject([
      {
        ...{ what: 'sync', says: 'check failed: you may not call ssm:SendCommand' },
        next: 'give your user the permissions in docs/status-policy.json',
      },
    ]);
  });

  it('by exit code 1, also as JSON, and by exit code 2 for wrong arguments', async () => {
    const confirm = await subscription('pending')(damaged());
    const unconfirmed = await run('--json', '--region', 'eu-west-2');
    await confirm();
    const wrongly = await run('--stage', 'Prod!');

    expect(unconfirmed.code).toBe(1);
    const { checks, ...rest } = JSON.parse(unconfirmed.output) as { checks: readonly Check[] };
    expect(rest).toStrictEqual({ stage: 'dev', region: 'eu-west-2', ok: false });
    expect(checks.filter(({ ok }) => !ok)).toMatchObject([{ what: 'alarm e-mail', next: expect.any(String) }]);
    expect(wrongly).toMatchObject({
      ...{ code: 2, output: '' },
      complaints: expect.stringMatching(/^sluice: --stage "Prod!" is not a name .*--stage prod\?\n$/),
    });
  });
});

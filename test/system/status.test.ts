import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { EC2Client } from '@aws-sdk/client-ec2';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';

import type { Policy } from '../../scripts/local/api/iam';
import type { Credentials } from '../../scripts/local/api/signature';
import { startWorld, type World } from '../../scripts/local/world';
import type { Check } from '../../scripts/status/check';
import { named } from '../../scripts/status/stage';
import { lookAt } from '../../scripts/status/status';
import { observer } from './observer';

jest.setTimeout(60_000);

const root = join(__dirname, '../..');
const policy = JSON.parse(readFileSync(join(root, 'docs/status-policy.json'), 'utf8')) as Policy;
const allowed = policy.Statement.flatMap(({ Action }) => Action);

let world: World;
let seen: ReturnType<typeof observer>;
let user: Credentials;
beforeAll(async () => {
  const delays = { eventMs: 20, taskStartMs: 50, commandMs: 50 };
  world = await startWorld({ delays, tickSeconds: 3_600, certificates: true });
  seen = observer(world.aws, world.proxies);
  world.aws.connect(seen.handlers);
  user = world.aws.assume('StatusUser', [policy]);
  start('shop', [process.execPath, 'resources/hello-world/hello.mjs']);
  world.aws.deployed();
  await until(async () => (await look()).every(({ ok }) => ok));
}, 90_000);
afterAll(() => world?.stop());

function start(name: string, command: readonly string[], labels = { 'haproxy.host': `${name}.sluice.test` }): void {
  const app = { name: 'app', command: [...command], containerPort: 8080, labels };
  const taskDefinition = world.ecs.registerTaskDefinition({ family: name, containers: [app] });
  if (world.ecs.tasks(name).length === 0) world.ecs.createService({ name, taskDefinition, desiredCount: 1 });
  else world.ecs.updateService(name, { taskDefinition, desiredCount: 1 });
}

const look = (credentials = user, stage = 'dev'): Promise<readonly Check[]> => {
  const config = { region: 'eu-west-2', endpoint: world.aws.api.endpoint, credentials, maxAttempts: 1 };
  const clients = {
    ec2: new EC2Client(config),
    ssm: new SSMClient(config),
    sqs: new SQSClient(config),
    cloudwatch: new CloudWatchClient(config),
    sns: new SNSClient(config),
  };
  return lookAt(clients, named(stage, config.region), Date.now);
};
const bad = async (...asked: Parameters<typeof look>) => (await look(...asked)).filter(({ ok }) => !ok);

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 45_000; !(await holds()); await pause(200))
    if (Date.now() > end) throw new Error(`waited 45 seconds in vain; not ok: ${JSON.stringify(await bad(), null, 2)}`);
}

/** `npm run status`, as somebody's shell would run it. */
async function run(...args: readonly string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/status.ts', ...args], {
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
  let [output, complaints] = ['', ''];
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (complaints += text));
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { code, output, complaints };
}

const current = '/sluice/dev/haproxy/current';
const id = () => world.proxies.current(1).id;
const generation = () => world.aws.parameters.handlers['ssm:GetParameter']({ Name: current }).Parameter.Version;

describe('in good times', () => {
  it('says of each thing that it is ok', async () => {
    const checks = await look();

    expect(checks.map(({ ok, what, says }) => [ok, what, says])).toStrictEqual([
      [true, 'proxy 1', `${id()} holds 127.0.0.1:${world.proxy.https.port}, its agent is online`],
      [true, 'published', `generation ${generation()}`],
      [true, 'sync 1', `runs generation ${generation()}`],
      [true, 'tasks 1', 'every task that should serve passes its check'],
      [true, 'queue', 'empty'],
      [true, 'dead letters', 'none'],
      [
        true,
        'certificate 1',
        expect.stringMatching(/^127\.0\.0\.1:\d+ serves sluice\.test, \*\.sluice\.test by .*Pebble.*, \d+ days left$/),
      ],
      [true, 'alarms', '7, none is in ALARM'],
      [true, 'alarm e-mail', 'hostmaster@sluice.test is told'],
    ]);
  });

  it('names two services that share a host, as long as they do, and so does the log', async () => {
    const labels = { 'haproxy.host': 'shop.sluice.test', 'haproxy.path': '/api' };
    const words = 'sluice-dev/api takes shop.sluice.test/api from sluice-dev/shop, which serves shop.sluice.test/';
    const hello = [process.execPath, 'resources/hello-world/hello.mjs'];
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
    expect(output).toMatch(/^ok {6}proxy 1 .*\n/);
    expect(output).toMatch(/\nAll is well\.\n$/);
    expect(output).not.toContain('\u001b');
  });

  it('is a command for programs too', async () => {
    const { code, output } = await run('--json', '--stage', 'dev', '--region', 'eu-west-2');

    expect(code).toBe(0);
    expect(JSON.parse(output)).toMatchObject({ stage: 'dev', region: 'eu-west-2', ok: true });
  });

  it('asks for nothing that docs/status-policy.json does not list, and that lists nothing else', () => {
    const calls = world.aws.api.calls.filter(({ role }) => role === 'StatusUser');

    expect(calls.filter(({ outcome }) => /Denied|Unauthorized/.test(outcome))).toStrictEqual([]);
    expect([...new Set(calls.map(({ action }) => action))].sort()).toStrictEqual([...new Set(allowed)].sort());
  });
});

describe('says what is wrong, and what to do next:', () => {
  it('a stage that is not there', async () => {
    const found = await bad(user, 'prod');

    expect(found[0]).toStrictEqual({
      ok: false,
      what: 'proxies',
      says: 'stage prod has none here',
      next: 'name the --stage and --region that you deployed, or deploy it',
    });
  });

  it('a user without the rights, and looks at the rest', async () => {
    const Statement = policy.Statement.filter(({ Action }) => !Action.includes('ssm:SendCommand'));
    const other = world.aws.assume('OtherUser', [{ ...policy, Statement }]);

    expect(await bad(other)).toStrictEqual([
      {
        ok: false,
        what: 'sync',
        says: expect.stringMatching(/AccessDenied.*ssm:SendCommand/),
        next: 'let your user do what docs/status-policy.json lists',
      },
    ]);
  });

  it('an agent that is gone', async () => {
    seen.state.offline.add(id());

    const found = await bad();
    seen.state.offline.clear();

    expect(found).toStrictEqual([
      {
        ok: false,
        what: 'proxy 1',
        says: expect.stringContaining('but its agent is ConnectionLost'),
        next: expect.stringContaining(`aws ec2 terminate-instances --instance-ids ${id()}`),
      },
    ]);
  });

  it('an address that nobody holds', async () => {
    const [address] = world.proxies.addresses;
    const holder = address?.held();
    if (holder) address?.leave(holder);

    const found = await bad();
    if (holder) address?.moveTo(holder);

    expect(found.map(({ what }) => what)).toStrictEqual(['proxy 1', 'certificate 1']);
    expect(found[0]?.next).toContain('--auto-scaling-group-name sluice-dev-proxy-1');
    await until(async () => (await bad()).length === 0);
  });

  it('a sync that fails', async () => {
    world.aws.parameters.put({ Name: current, Value: '{', Type: 'String', Overwrite: true });

    const found = await bad();
    world.tick();

    expect(found).toStrictEqual([
      {
        ok: false,
        what: 'sync 1',
        says: expect.stringMatching(/haproxy\/current:\d+ is damaged/),
        next: 'mend what it names; every tick tries again',
      },
    ]);
    await until(async () => (await bad()).length === 0);
  });

  it('a task that the proxy cannot reach, in HAProxy’s own words', async () => {
    start('mute', [process.execPath, '-e', 'setInterval(() => {}, 1000)']);
    await until(async () => (await bad()).some(({ what }) => what === 'tasks 1'));

    const found = await bad();
    world.ecs.updateService('mute', { desiredCount: 0 });

    expect(found).toStrictEqual([
      {
        ok: false,
        what: 'tasks 1',
        says: expect.stringMatching(/^1 get no requests: sluice-dev\.mute\/\w{8} at 127\.[\d.]+:\d+ \(L4CON\)$/),
        next: 'L4CON: nothing listens; compare haproxy.port with what the container listens on',
      },
    ]);
    await until(async () => (await bad()).length === 0);
  });

  it('a task that passes its check and yet speaks HTTP/2 only, with what to do', async () => {
    const listen = 'listen(Number(process.env.PORT), process.env.HOST)';
    start('rpc', [process.execPath, '-e', `require('http2').createServer().${listen}`]);
    const isNamed = ({ what }: Check) => what === 'protocol 1';
    await until(async () => (await bad()).some(isNamed));
    await until(async () => !(await bad()).some(({ what }) => what === 'tasks 1'));

    const found = await bad();
    world.ecs.updateService('rpc', { desiredCount: 0 });

    expect(found).toStrictEqual([
      {
        ok: false,
        what: 'protocol 1',
        says: expect.stringMatching(
          /^1 cannot be spoken to: sluice-dev\.rpc\/\w{8} at 127\.[\d.]+:\d+ \(speaks HTTP\/2 only, as gRPC does\)$/,
        ),
        next: expect.stringMatching(/^Sluice speaks HTTP\/1\.1 without TLS to tasks: .* gRPC needs another entrance/),
      },
    ]);
    await until(async () => (await bad()).length === 0);
  });

  it('messages that failed', async () => {
    world.aws.deadLetters.push({} as never, {} as never);

    const found = await bad();
    world.aws.deadLetters.splice(0);

    expect(found).toMatchObject([
      { what: 'dead letters', says: '2 messages failed five times', next: expect.stringMatching(/log group .* purge/) },
    ]);
  });

  it('no certificate at all', async () => {
    const name = '/sluice/dev/certificates/index';
    const index = world.aws.parameters.read(name) ?? '';
    world.aws.parameters.forget(name);

    const found = await bad();
    world.aws.parameters.put({ Name: name, Value: index, Type: 'String' });

    expect(found).toMatchObject([
      {
        what: 'certificates',
        says: 'none is stored yet',
        next: expect.stringContaining('/aws/lambda/sluice-dev-renew'),
      },
    ]);
  });

  it('an alarm that cries, or has heard nothing for too long; not one that is new', async () => {
    seen.alarm('push', 'ALARM', Date.now());
    seen.alarm('entrance', 'INSUFFICIENT_DATA', Date.now() - 3 * 3_600_000);
    seen.alarm('certificate', 'INSUFFICIENT_DATA', Date.now());
    seen.alarm('renew', 'INSUFFICIENT_DATA', Date.now() - 3 * 3_600_000);
    seen.alarm('cpu-credits', 'INSUFFICIENT_DATA', 0);

    const found = await bad();
    for (const name of ['push', 'entrance', 'certificate', 'renew', 'cpu-credits']) seen.alarm(name, 'OK', 0);

    expect(found).toMatchObject([
      {
        what: 'alarm push',
        says: expect.stringContaining('A proxy could not take'),
        next: expect.stringMatching(/^npm run status/),
      },
      { what: 'alarm entrance', says: expect.stringMatching(/^has no data\. A proxy did not answer/) },
    ]);
    expect(found).toHaveLength(2);
  });

  it.each([
    ['pending', 'hostmaster@sluice.test did not confirm yet', 'follow the link in the mail'],
    ['none', 'nobody is told', 'aws sns subscribe --topic-arn arn:aws:sns:'],
  ] as const)('an e-mail that nobody gets: %s', async (subscription, says, next) => {
    seen.state.subscription = subscription;

    const found = await bad();
    seen.state.subscription = 'confirmed';

    expect(found).toMatchObject([
      { what: 'alarm e-mail', says: expect.stringContaining(says), next: expect.stringContaining(next) },
    ]);
  });

  it('AWS itself, which answers nothing', async () => {
    world.aws.api.switch(false);

    const found = await bad();
    world.aws.api.switch(true);

    expect(found.map(({ what }) => what)).toStrictEqual(['proxies', 'sync', 'queue', 'certificates', 'alarms']);
  });

  it('by exit code 1, and by exit code 2 what was asked wrongly', async () => {
    seen.state.subscription = 'pending';
    const unconfirmed = await run();
    seen.state.subscription = 'confirmed';
    const wrongly = await run('--stage', 'Prod!');

    expect(unconfirmed.code).toBe(1);
    expect(unconfirmed.output).toMatch(
      /\nNOT OK {2}alarm e-mail .*\n +→ follow the link.*\n\n1 of 9 checks are not ok; begin/,
    );
    expect(wrongly).toMatchObject({
      code: 2,
      output: '',
      complaints: expect.stringMatching(
        /^status: --stage "Prod!" is no name of a stage, which has .*; did you mean --stage prod\?\n\nnpm run status -- /,
      ),
    });
  });
});

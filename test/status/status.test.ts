import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SQSClient } from '@aws-sdk/client-sqs';

import { startApi } from '../../scripts/local/api/api';
import { alarmChecks } from '../../scripts/status/alarms';
import { certificateChecks } from '../../scripts/status/certificates';
import { readOptions } from '../../scripts/status/options';
import { printed } from '../../scripts/status/print';
import { countWaiting, queueChecks } from '../../scripts/status/queue';
import { type Clients, named } from '../../scripts/status/stage';
import { lookAt } from '../../scripts/status/status';
import { generationChecks, type Ran, taskChecks } from '../../scripts/status/syncs';
import { authority } from '../system/authority';
import { templateOf } from '../system/packaged';

const stage = named('dev', 'eu-west-2');
const proxy = { slot: '1', address: '127.0.0.1', instance: 'i-1', agent: 'Online' };
const ran = (one: Ran) => new Map([['i-1', one]]);

it('knows the names that the packaged template gives', async () => {
  const { ofType } = await templateOf();
  const names = (type: string, key: string) => ofType<Record<string, string>>(type).map(([, found]) => found[key]);

  expect([...stage.alarms].sort()).toStrictEqual(names('AWS::CloudWatch::Alarm', 'AlarmName').sort());
  expect(names('AWS::SSM::Document', 'Name')).toStrictEqual([expect.stringMatching(stage.documents)]);
  expect(names('AWS::SQS::Queue', 'QueueName').sort()).toStrictEqual([stage.deadLetters, stage.queue].sort());
  expect(names('AWS::Logs::LogGroup', 'LogGroupName')).toEqual(
    expect.arrayContaining([stage.log('reconcile'), stage.log('renew')]),
  );
  expect(names('AWS::AutoScaling::AutoScalingGroup', 'AutoScalingGroupName')).toContain(stage.group('1'));
}, 120_000);

describe('somebody whom AWS does not know', () => {
  it('is told so in one sentence', () => {
    const home = mkdtempSync(join(tmpdir(), 'sluice-home-'));
    const env = { PATH: process.env.PATH, HOME: home, AWS_EC2_METADATA_DISABLED: 'true', NODE_NO_WARNINGS: '1' };
    const words = ['--import', 'tsx', 'scripts/status.ts', '--region', 'eu-west-2'];
    const { status, stdout, stderr } = spawnSync('node', words, {
      cwd: join(__dirname, '../..'),
      env,
      encoding: 'utf8',
    });
    rmSync(home, { recursive: true });

    expect(stderr).toMatch(/^status: There are no credentials for AWS: run `aws configure` or .*\n$/);
    expect({ status, stdout }).toStrictEqual({ status: 1, stdout: '' });
  }, 90_000);
});

describe('a queue', () => {
  const credentials = { accessKeyId: 'ASIALOCAL', secretAccessKey: 'secret', sessionToken: 'session' };

  /** What is said of a queue that holds so many messages, now and some seconds later: waiting, and in flight. */
  async function said(...counts: readonly (readonly [number, number])[]) {
    let asked = 0;
    const api = await startApi([{ ...credentials, role: 'User', refused: async () => undefined }], {
      'sqs:GetQueueUrl': ({ QueueName }: { QueueName: string }) => ({ QueueUrl: `http://localhost/1/${QueueName}` }),
      'sqs:GetQueueAttributes': ({ QueueUrl }: { QueueUrl: string }) => {
        const [waiting = 0, hidden = 0] = QueueUrl.includes('dead') ? [0, 0] : (counts[asked++] ?? []);
        return {
          Attributes: {
            ApproximateNumberOfMessages: `${waiting}`,
            ApproximateNumberOfMessagesNotVisible: `${hidden}`,
          },
        };
      },
    });
    try {
      const sqs = new SQSClient({ region: 'eu-west-2', endpoint: api.endpoint, credentials });
      const clients = { sqs } as Pick<Clients, 'sqs'> as Clients;
      const [queue] = await queueChecks(clients, stage, await countWaiting(clients, stage));
      return queue;
    } finally {
      await api.stop();
    }
  }

  it.each([
    ['empties', [3, 1], [0, 0], 'empty'],
    ['is worked on', [3, 0], [3, 2], 'moves, 5 messages'],
    ['has just got something', [0, 0], [2, 0], 'moves, 2 messages'],
    ['gets shorter', [5, 0], [3, 0], 'moves, 3 messages'],
  ] as const)('that %s is ok', async (_, before, now, says) => {
    expect(await said(before, now)).toStrictEqual({ ok: true, what: 'queue', says });
  });

  it('law 18: of which SQS says nothing is not', async () => {
    await expect(said([Number.NaN, 0])).rejects.toThrow('SQS did not say how many messages wait');
  });

  it('that nobody takes from is not', async () => {
    expect(await said([3, 0], [4, 0])).toMatchObject({
      ok: false,
      says: '4 messages wait, and nobody takes them',
      next: expect.stringContaining('trigger'),
    });
  });
});

describe('a certificate', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  const words =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 100 -subj /O=Test/CN=T1 -keyout - -out -';
  const make = (...more: readonly string[]) =>
    execFileSync('openssl', [...words.split(' '), ...more], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const pem = make('-addext', 'subjectAltName=DNS:example.com,DNS:*.example.com');
  const { serialNumber: serial, validTo } = new X509Certificate(pem);

  async function judged(served: string, days: number, stored = serial) {
    const server = createServer({ key: served, cert: served });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const certificate = {
      name: 'example.com',
      names: ['example.com', '*.example.com'],
      serial: stored,
      key: 1,
      chain: 1,
    };
    const now = Date.parse(validTo) - days * 86_400_000;
    const [check] = await certificateChecks([{ ...proxy, address }], [certificate], stage, now);
    return { ...check, says: check?.says.replace(address, 'it') };
  }

  it('that is served is ok, with its issuer, names and days', async () => {
    expect(await judged(pem, 63)).toStrictEqual({
      ok: true,
      what: 'certificate 1',
      says: 'it serves example.com, *.example.com by Test T1, 63 days left',
    });
  });

  it('that is served without that of its issuer is not', async () => {
    const { key } = authority('ca').issue(['example.com', '*.example.com']);
    const { serialNumber } = new X509Certificate(key);

    expect(await judged(key, 80, serialNumber)).toMatchObject({
      ok: false,
      says: expect.stringMatching(
        /by ca-1, \d+ days left, without the certificate of its issuer: only browsers trust it$/,
      ),
    });
  });

  it.each([
    ['near its end', pem, 24, serial, /24 days left$/, /log group .*renew/],
    ['older than the stored one', pem, 63, 'FF', /a newer one is stored$/, /next tick/],
    [
      'of nobody: the stand-in',
      make(),
      63,
      serial,
      /^it serves another certificate than that of example\.com/,
      /next tick/,
    ],
  ])('that is %s is not', async (_, served, days, stored, says, next) => {
    const check = await judged(served, days, stored);

    expect(check).toMatchObject({ ok: false, says: expect.stringMatching(says), next: expect.stringMatching(next) });
  });
});

describe('a sync', () => {
  const synced = (one: Ran, published: number | undefined = 7) =>
    generationChecks([proxy], ran(one), published, stage)[1];

  it.each<[string, Ran, RegExp, RegExp]>([
    ['is not done', { status: 'InProgress' }, /^Run Command is InProgress$/, /journalctl -u haproxy/],
    ['could not be delivered', { status: 'DeliveryTimedOut' }, /^Run Command is DeliveryTimedOut$/, /journalctl/],
    ['says nothing', { status: 'Success' }, /^Run Command is Success$/, /journalctl/],
    [
      'finds an instance that boots',
      { status: 'Success', report: { changed: 'nothing', how: 'node and haproxy are not installed yet' } },
      /^node and haproxy are not installed yet$/,
      /wait five minutes/,
    ],
    ['failed', { status: 'Failed', report: { generation: 7, failed: 'HAProxy refuses' } }, /^HAProxy refuses$/, /mend/],
    [
      'prepared only',
      { status: 'Success', report: { generation: 7, changed: 'prepared' } },
      /not running$/,
      /journalctl/,
    ],
    [
      'is behind',
      { status: 'Success', report: { generation: 6, changed: 'nothing' } },
      /generation 6, not 7$/,
      /next tick/,
    ],
  ])('that %s is not ok', (_, one, says, next) => {
    expect(synced(one)).toMatchObject({
      ok: false,
      what: 'sync 1',
      says: expect.stringMatching(says),
      next: expect.stringMatching(next),
    });
  });

  it('that got further than what was read a moment ago is ok', () => {
    expect(synced({ status: 'Success', report: { generation: 8, changed: 'nothing' } })).toMatchObject({ ok: true });
  });

  it('with nothing published says so', () => {
    const [published] = generationChecks([], new Map(), undefined, stage);

    expect(published).toMatchObject({ ok: false, what: 'published', says: 'nothing was ever published' });
  });
});

describe('alarms', () => {
  const topic = 'arn:aws:sns:eu-west-2:123456789012:sluice-dev-AlarmTopic-1';
  const well = { StateValue: 'OK', ActionsEnabled: true, AlarmActions: [topic] };
  const putBack =
    '`aws cloudformation create-change-set --stack-name sluice-dev --change-set-name put-back --use-previous-template' +
    ' --deployment-mode REVERT_DRIFT --capabilities CAPABILITY_NAMED_IAM --region eu-west-2`';
  const subscribe = (address: string) =>
    `\`aws sns subscribe --topic-arn ${topic} --protocol email --notification-endpoint ${address} --region eu-west-2\``;

  /** What is said that is not well, of alarms as CloudWatch lists them, and of the topic's subscriptions. */
  async function said(MetricAlarms: readonly object[], Subscriptions: readonly object[] = [confirmed]) {
    const cloudwatch = { send: async () => ({ MetricAlarms }) };
    const clients = { cloudwatch, sns: { send: async () => ({ Subscriptions }) } } as unknown as Clients;
    return (await alarmChecks(clients, stage, 0)).filter(({ ok }) => !ok);
  }
  const confirmed = { Endpoint: 'me@example.com', SubscriptionArn: `${topic}:1` };
  const all = stage.alarms.map((AlarmName) => ({ AlarmName, ...well }));
  const [first, ...others] = all;

  it('that are there, and tell somebody, are well', async () => {
    expect(await said(all)).toStrictEqual([]);
    expect(await said(all, [{ ...confirmed, SubscriptionArn: 'Deleted' }, confirmed])).toStrictEqual([]);
    expect(await said(all, [{ ...confirmed, SubscriptionArn: 'PendingConfirmation' }, confirmed])).toStrictEqual([]);
  });

  it.each([
    [
      { ActionsEnabled: false },
      'its actions are switched off',
      '`aws cloudwatch enable-alarm-actions --alarm-names sluice-dev-dead-letters --region eu-west-2`',
    ],
    [{ AlarmActions: [] }, 'it tells nobody: what it should do was taken away', putBack],
    [{ StateValue: undefined }, 'CloudWatch says undefined of it', 'try again'],
  ])('law 18: of which nobody would hear are not well, and it is said what helps: %j', async (state, says, next) => {
    expect(await said([{ ...first, ...state }, ...others])).toMatchObject([
      { what: 'alarm dead-letters', says: expect.stringContaining(says), next: expect.stringContaining(next) },
    ]);
  });

  it('that somebody deleted come back by no deploy: it is said what brings them back', async () => {
    expect(await said(others)).toMatchObject([
      { what: 'alarms', says: 'sluice-dev-dead-letters missing', next: expect.stringContaining(putBack) },
    ]);
    expect(await said([])).toMatchObject([{ what: 'alarms', next: expect.stringContaining(putBack) }]);
  });

  it.each([
    ['ended', [], 'nobody is told: the address was unsubscribed, or never confirmed', subscribe('<address>')],
    ['ended a moment ago', [{ ...confirmed, SubscriptionArn: 'Deleted' }], 'nobody is told', subscribe('<address>')],
    [
      'pending',
      [{ ...confirmed, SubscriptionArn: 'PendingConfirmation' }],
      'me@example.com did not confirm yet',
      subscribe('me@example.com'),
    ],
  ])('whose subscription is %s name the command that subscribes', async (_, subscriptions, says, next) => {
    expect(await said(all, subscriptions)).toMatchObject([
      { what: 'alarm e-mail', says: expect.stringContaining(says), next: expect.stringContaining(next) },
    ]);
  });
});

/** What is said where every call fails. */
function failing(name: string) {
  const send = () => Promise.reject(Object.assign(new Error('no\nanswer'), { name }));
  const clients = { ec2: { send }, ssm: { send }, sqs: { send }, cloudwatch: { send }, sns: { send } };
  return lookAt(clients as unknown as Clients, stage, Date.now);
}

it('says of each call that is denied which it is', async () => {
  const denied = await failing('AccessDeniedException');

  expect(denied.map(({ what }) => what)).toStrictEqual(['proxies', 'sync', 'queue', 'certificates', 'alarms']);
  for (const { next } of denied) expect(next).toBe('let your user do what docs/status-policy.json lists');
});

it.each([
  { changed: 'prepared', how: 'HAProxy is not running' },
  { changed: 'nothing', how: 'nothing was ever published' },
])('law 18: does not call tasks well that nobody looked at: $how', (report) => {
  const [check] = taskChecks([proxy], ran({ status: 'Success', report: { generation: 7, ...report } }));

  expect(check).toMatchObject({ ok: false, what: 'tasks 1', says: 'nobody looked at them' });
});

it('explains each of HAProxy’s words for a task that cannot be reached', () => {
  const checks = ['L4TOUT', 'L7STS/503', 'L7STS/400', 'L7TOUT', 'SOCKERR'];
  const servers = checks.map((check) => ({ backend: 'demo.shop', name: 'a'.repeat(32), at: '10.0.1.7:80', check }));

  const [check] = taskChecks(
    [proxy],
    ran({ status: 'Success', report: { generation: 7, changed: 'nothing', down: { count: 9, servers } } }),
  );

  expect(check?.says).toMatch(/^9 get no requests: demo\.shop\/aaaaaaaa at 10\.0\.1\.7:80 \(L4TOUT\), .* and 4 more$/);
  for (const word of checks) expect(check?.next).toContain(`${word}: `);
  expect(check?.next).toContain('taskSecurityGroupIds');
});

describe('the command', () => {
  it('colours for a terminal only', () => {
    const checks = [
      { ok: true, what: 'queue', says: 'empty' },
      { ok: false, what: 'alarm e-mail', says: 'nobody', next: 'do this' },
    ];

    expect(printed(checks, false)).toBe(
      [
        'ok      queue         empty',
        'NOT OK  alarm e-mail  nobody',
        '                      → do this',
        '',
        '1 of 2 checks are not ok; begin with the first of them.',
        '',
      ].join('\n'),
    );
    expect(printed(checks, true)).toContain('\u001b[31mNOT OK');
  });

  it('prints nothing that a terminal would act on', () => {
    const hostile = { ok: false, what: 'proxy 1', says: 'no \u009b2J', next: 'see \u202elog' };

    expect(printed([hostile], false)).toContain('NOT OK  proxy 1  no \\u{9b}2J\n                 → see \\u{202e}log\n');
  });

  it('takes stage and region, and says what makes no sense', () => {
    process.env.SLUICE_SETTINGS = 'none.yml';

    expect(readOptions([])).toStrictEqual({ stage: 'dev', region: 'eu-west-2', json: false });
    expect(readOptions(['--stage', 'prod', '--json', '--region', 'us-east-1'])).toStrictEqual({
      stage: 'prod',
      region: 'us-east-1',
      json: true,
    });
    expect(() => readOptions(['--stage', '/'])).toThrow('--stage "/" is no name of a stage, which has 20 lower case');
    expect(() => readOptions(['--stage', 'prod-'])).toThrow('did you mean --stage prod?');
    expect(() => readOptions(['--region'])).toThrow();
  });

  it('looks where the settings say that the stage is, unless told otherwise, as a deploy goes there', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-status-'));
    process.env.SLUICE_SETTINGS = join(folder, 'settings.yml');
    writeFileSync(process.env.SLUICE_SETTINGS, 'default: { region: us-west-2 }\nprod: { region: us-east-1 }');
    const region = (...words: string[]) => readOptions(words).region;

    expect(region()).toBe('us-west-2');
    expect(region('--stage', 'prod')).toBe('us-east-1');
    expect(region('--stage', 'prod', '--region', 'eu-west-3')).toBe('eu-west-3');
    writeFileSync(process.env.SLUICE_SETTINGS, 'default: { region: [London] }');
    expect(region()).toBe('eu-west-2');
    rmSync(folder, { recursive: true });
  });
});

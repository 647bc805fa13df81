import { nothingKept } from '../../lib/faults/faults';
import { named } from '../../scripts/sluice/stage';
import type { Clients } from '../../scripts/sluice/status/clients';
import { printed } from '../../scripts/sluice/status/print';
import { lookAt, publishedChecks } from '../../scripts/sluice/status/status';
import { type Ran, syncChecks, taskChecks } from '../../scripts/sluice/status/syncs';
import { templateOf } from '../system/packaged';
import { quiet } from './console';

const stage = named('dev', 'eu-west-2');
const proxy = { slot: '1', address: '127.0.0.1', instance: 'i-1', agent: 'Online' };
const nothing = { backends: [], certificates: [], faults: [], kept: nothingKept };
const ran = (one: Ran) => new Map([['i-1', one]]);

it('knows the names that the packaged template gives', async () => {
  const { ofType } = await templateOf();
  const names = (type: string, key: string) => ofType<Record<string, string>>(type).map(([, found]) => found[key]);

  expect([...stage.alarms].sort()).toStrictEqual(names('AWS::CloudWatch::Alarm', 'AlarmName').sort());
  expect(names('AWS::SSM::Document', 'Name')).toStrictEqual([expect.stringMatching(stage.documents)]);
  expect(names('AWS::SQS::Queue', 'QueueName').sort()).toStrictEqual([stage.deadLetters, stage.queue].sort());
  const logs = [stage.log('reconcile'), stage.log('renew')];
  expect(names('AWS::Logs::LogGroup', 'LogGroupName')).toEqual(expect.arrayContaining(logs));
  expect(names('AWS::AutoScaling::AutoScalingGroup', 'AutoScalingGroupName')).toContain(stage.group('1'));
});

it('a user without credentials gets one sentence that says what to do', async () => {
  const error = Object.assign(new Error('Could not load credentials'), { name: 'CredentialsProviderError' });
  const none = { send: () => Promise.reject(error) };
  const clients = { ec2: none, ssm: none, sqs: none, cloudwatch: none, sns: none } as unknown as Clients;

  await expect(lookAt(clients, stage, quiet)).rejects.toThrow(/^There are no credentials for AWS: run `aws config/);
});

describe('a sync', () => {
  const done = (report: Ran['report'], status = 'Success'): Ran => ({ status, report: { generation: 7, ...report } });
  const boots = { changed: 'nothing', how: 'node and haproxy are not installed yet' };

  it.each<[string, Ran, RegExp, RegExp]>([
    ['is not done', { status: 'InProgress' }, /^Run Command is InProgress$/, /journalctl -u haproxy/],
    ['says nothing', { status: 'Success' }, /^Run Command is Success$/, /journalctl/],
    ['finds an instance that boots', { status: 'Success', report: boots }, /not installed yet$/, /wait five minutes/],
    ['failed', done({ failed: 'HAProxy refuses' }, 'Failed'), /^HAProxy refuses$/, /correct/],
    ['prepared only', done({ changed: 'prepared' }), /not running$/, /journalctl/],
    ['is behind', done({ generation: 6, changed: 'nothing' }), /generation 6, not 7$/, /next tick/],
  ])('that %s is not ok', (_, one, says, next) => {
    const [check] = syncChecks([proxy], ran(one), 7, stage);

    expect(check).toMatchObject({ ok: false, what: 'sync 1', says: expect.stringMatching(says) });
    expect(check?.next).toMatch(next);
  });

  it('is ok when it got further than what was read a moment ago; with nothing published that is said', () => {
    const further = ran(done({ generation: 8, changed: 'nothing' }));

    expect(syncChecks([proxy], further, 7, stage)).toMatchObject([{ ok: true }]);
    expect(publishedChecks({ ...nothing, number: 0 }, stage)).toMatchObject([
      { ok: false, what: 'published', says: 'nothing was ever published' },
    ]);
  });

  it.each(['prepared', 'nothing'])('law 18: that did not ask HAProxy (%s) calls no tasks well', (changed) => {
    const how = changed === 'prepared' ? 'HAProxy is not running' : 'nothing was ever published';

    expect(taskChecks([proxy], ran(done({ changed, how })))).toMatchObject([
      { ok: false, what: 'tasks 1', says: 'they were not checked' },
    ]);
  });

  it('has each of HAProxy’s words for a task that cannot be reached explained', () => {
    const words = ['L4TOUT', 'L7STS/503', 'L7STS/400', 'L7TOUT', 'SOCKERR'];
    const servers = words.map((check) => ({ backend: 'demo.shop', name: 'a'.repeat(32), at: '10.0.1.7:80', check }));

    const [check] = taskChecks([proxy], ran(done({ changed: 'nothing', down: { count: 9, servers } })));

    expect(check?.says).toMatch(/^9 get no requests: demo\.shop\/a{8} at 10\.0\.1\.7:80 \(L4TOUT\), .* and 4 more$/);
    for (const word of [...words.map((each) => `${each}: `), 'taskSecurityGroupIds'])
      expect(check?.next).toContain(word);
  });
});

describe('the command', () => {
  const plain = { columns: 80, paint: (_: unknown, text: string) => text };
  const styled = (style: unknown, text: string) => `<${style}>${text}`;

  it('colours for a terminal only, and prints nothing that a terminal would act on', () => {
    const checks = [
      { ok: true, what: 'queue', says: 'empty' },
      { ok: false, what: 'alarm e-mail', says: 'no \u009b2J', next: 'see \u202elog' },
    ];

    expect(printed(checks, plain)).toBe(`ok      queue         empty
NOT OK  alarm e-mail  no \\u{9b}2J
                      → see \\u{202e}log

1 of 2 checks are not ok; begin with the first of them.`);
    expect(printed(checks, { ...plain, paint: styled })).toContain('<red>NOT OK');
  });
});

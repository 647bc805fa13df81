import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { AwsError } from '../../scripts/local/api/errors';
import { judge, type Policy } from '../../scripts/local/api/iam';
import type { Questions } from '../../scripts/sluice/verb';
import { playedAws } from '../resources/played-aws';
import { sluice } from './console';
import { impatient, sufferEach, wrongWords } from './suffering';

const aws = playedAws();

type Moment = {
  readonly status: string;
  readonly instances: Readonly<Record<string, string>>;
  readonly at: string;
  readonly reason?: string;
};
const boots = { status: 'InProgress', instances: { 'i-1': 'InService', 'i-2': 'Pending:Wait' }, at: 'i-1' };
const serves = { status: 'InProgress', instances: { 'i-1': 'InService', 'i-2': 'InService' }, at: 'i-2' };
const done = { status: 'Successful', instances: { 'i-2': 'InService' }, at: 'i-2' };

/** Plays a group: as it is before, and after its refresh has begun a moment for each look. */
function play(moments: readonly Moment[], before: Moment = { ...done, instances: { 'i-1': 'InService' }, at: 'i-1' }) {
  let [now, begun] = [before, isRunning(before)];
  const left = [...moments];
  Object.assign(aws.says, {
    DescribeAddresses: () => ({
      addressesSet: ['1', '2'].map((slot) => ({
        ...{ publicIp: `192.0.2.${slot}`, instanceId: slot === '1' ? now.at : 'i-9' },
        tagSet: [{ key: 'Name', value: `sluice-prod-proxy-${slot}` }],
      })),
    }),
    DescribeAutoScalingGroups: () => ({
      AutoScalingGroups: [
        {
          Instances: Object.entries(now.instances).map(([InstanceId, LifecycleState]) => ({
            InstanceId,
            LifecycleState,
          })),
        },
      ],
    }),
    DescribeInstanceRefreshes: () => {
      if (begun) now = left.shift() ?? now;
      return { InstanceRefreshes: [{ InstanceRefreshId: 'r-1', Status: now.status, StatusReason: now.reason ?? '' }] };
    },
    StartInstanceRefresh: () => {
      begun = true;
      return { InstanceRefreshId: 'r-1' };
    },
  });
}
const isRunning = ({ status }: Moment) => status === 'InProgress';

async function replace(args = '1 --yes', questions?: Questions) {
  let clock = 0;
  const said = await sluice(['replace', ...args.split(' '), '--stage', 'prod', '--region', 'eu-west-2'], {
    ...{ columns: 120, now: () => clock },
    config: (region) => ({
      ...{ ...impatient, region, endpoint: aws.endpoint() },
      credentials: { accessKeyId: 'AKIALOCAL', secretAccessKey: 'secret' },
    }),
    pause: async (ms) => {
      clock += ms;
      await sleep(1);
    },
    ...(questions && { questions }),
  });
  return { ...said, lines: said.output.trimEnd().split('\n'), words: said.complaints.replace(/\s+/g, ' ') };
}
const started = () => aws.calls.filter(({ action }) => action === 'autoscaling:StartInstanceRefresh').length;
const answering = (yes: boolean | undefined): Questions => ({
  ...{ text: async () => undefined, choose: async () => undefined },
  confirm: async () => yes,
});

it('says what it costs visitors, then what happens until the new instance has the address', async () => {
  play([boots, boots, serves, done]);
  const { code, complaints, lines } = await replace();

  expect([code, complaints, started()]).toStrictEqual([0, '', 1]);
  expect(lines.slice(0, 2).join(' ')).toMatch(
    /^A new instance boots .* clients that try the next .* Open connections are cut\.$/,
  );
  expect(lines.slice(2)).toStrictEqual([
    'i-2 boots (usually 4 min)',
    'i-2 serves',
    '192.0.2.1 leads to i-2 now',
    'Proxy 1 is replaced. `npx sluice status --stage prod --region eu-west-2` shows whether all is well.',
  ]);
});

it('follows a replacement that runs already, and starts no other', async () => {
  play([boots, serves, done], boots);
  const { code, lines } = await replace('1');

  expect([code, started()]).toStrictEqual([0, 0]);
  expect(lines[0]).toBe('Proxy 1 is being replaced already: following that.');
});

it.each([
  ['a slot that there is not', '3 --yes', undefined, 2, /^sluice: There is no proxy 3: stage prod has 1, 2\. $/],
  ['nobody to ask', '1', undefined, 2, /so nothing was replaced: --yes replaces proxy 1 of stage prod\. $/],
  ['a person who says no', '1', answering(false), 1, /^sluice: Stopped: nothing was replaced\. $/],
  ['a person who breaks off', '1', answering(undefined), 1, /^sluice: Stopped: nothing was replaced\. $/],
])('replaces nothing with %s', async (_, args, questions, exit, says) => {
  play([]);
  const { code, words } = await replace(args, questions);

  expect([code, started()]).toStrictEqual([exit, 0]);
  expect(words).toMatch(says);
});

it('a replacement that fails ends with Auto Scaling’s reason and the next step', async () => {
  play([boots, { ...boots, status: 'Failed', reason: 'i-2 did not become healthy' }]);
  const { code, words } = await replace();

  expect(code).toBe(1);
  expect(words).toMatch(
    /^sluice: Auto Scaling ended the replacement \(Failed\): i-2 did not become healthy\. The address stays .* run the same command again\. $/,
  );
});

it('looks that fail now and then do not matter; those that always fail end it, and it goes on', async () => {
  play([boots, serves, done]);
  Object.assign(aws.says, { StartInstanceRefresh: started3() });
  const few = await replace();
  play([boots]);
  const start = aws.says.StartInstanceRefresh as () => object;
  aws.says.StartInstanceRefresh = () => {
    aws.says.DescribeAutoScalingGroups = new AwsError('ExpiredToken', 'expired', 403);
    return start();
  };
  const gone = await replace();

  expect([few.code, few.complaints]).toStrictEqual([0, '']);
  expect(gone.code).toBe(1);
  expect(gone.words).toMatch(
    /^The replacement cannot be seen any more\. It goes on by itself: .* sluice: Your credentials for AWS have expired/,
  );
});

/** The start, after which three looks fail. */
function started3() {
  const start = aws.says.StartInstanceRefresh as () => object;
  return () => {
    aws.faults.next('autoscaling:DescribeAutoScalingGroups', 'throttled', 3);
    return start();
  };
}

it('Ctrl-C ends the look only, and says so', async () => {
  play([boots, boots, boots]);
  const { DescribeInstanceRefreshes: shown } = aws.says as Record<string, () => object>;
  let looks = 0;
  aws.says.DescribeInstanceRefreshes = () => {
    if (++looks === 3) process.emit('SIGINT');
    return shown?.() ?? {};
  };
  const { code, words } = await replace();

  expect(code).toBe(130);
  expect(words).toMatch(
    /^Stopped looking\. It goes on by itself: `aws autoscaling describe-instance-refreshes .* stops it\. $/,
  );
});

it('one sentence for whatever AWS answers, and nothing begins after it', async () => {
  const suffered = await sufferEach(aws, 'user', () => {
    play([boots, serves, done]);
    return replace();
  });

  expect(suffered).toHaveLength(4 * 5);
  expect(suffered.flatMap(wrongWords)).toStrictEqual([]);
  expect(suffered.flatMap(({ after }) => after).filter(({ action }) => /Start/.test(action))).toStrictEqual([]);
});

it('docs/replace-policy.json allows what is called, and nothing else', async () => {
  const policy = JSON.parse(readFileSync(join(__dirname, '../../docs/replace-policy.json'), 'utf8')) as Policy;
  const allows = judge('operator', [policy]);
  const group = (name: string) =>
    `arn:aws:autoscaling:eu-west-2:123456789012:autoScalingGroup:1-2:autoScalingGroupName/${name}`;
  const asks = (action: string, resource = '*') => allows({ action, resource, context: {} });
  play([boots, serves, done]);
  await replace();

  const called = [...new Set(aws.calls.map(({ action }) => action))].sort();
  expect(called).toStrictEqual([...new Set(policy.Statement.flatMap(({ Action }) => Action))].sort());
  for (const action of called)
    expect([action, await asks(action, /Start/.test(action) ? group('sluice-prod-proxy-1') : '*')]).toStrictEqual([
      action,
      true,
    ]);
  for (const other of ['shop', 'sluice-prod-TaskHosts-1', 'my-sluice-prod-proxy-1'])
    expect([other, await asks('autoscaling:StartInstanceRefresh', group(other))]).toStrictEqual([other, false]);
});

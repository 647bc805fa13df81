import { AwsError } from '../../scripts/local/api/errors';
import { activities } from '../resources/played-account';
import { playedAws } from '../resources/played-aws';
import { following, isStatus } from './following';
import { sufferEach, wrongWords } from './suffering';

const aws = playedAws();
const { run } = following(aws);

const template = ['Queue', 'ProxyGroup1', 'HelloWorldService', 'Alarm'];
const begins = [0, 'sluice-prod', 'UPDATE_IN_PROGRESS'] as const;
const group = (minute: number, status: string, reason = '') => [minute, 'ProxyGroup1', status, reason] as const;
const ends = (minute: number, status = 'UPDATE_COMPLETE') => [minute, 'sluice-prod', status] as const;
const theEnd = ['https://shop.example.com/', 'proxy 1: 192.0.2.7'];
const console =
  'https://eu-west-2.console.aws.amazon.com/cloudformation/home?region=eu-west-2#/stacks?filteringText=sluice-prod';

it('a first deploy: each milestone is a line, and the packager’s end is passed on', async () => {
  const { code, lines, milestones, complaints, started } = await run({
    ...{ template, before: ['Bucket'], says: theEnd },
    looks: [
      [
        begins,
        [0.1, 'Queue', 'CREATE_IN_PROGRESS'],
        [0.2, 'Queue', 'CREATE_COMPLETE'],
        group(0.2, 'CREATE_IN_PROGRESS'),
      ],
      ...Array.from({ length: 15 }, () => []),
      [group(4.3, 'CREATE_COMPLETE'), [4.4, 'HelloWorldService', 'CREATE_IN_PROGRESS']],
      [[6.4, 'HelloWorldService', 'CREATE_COMPLETE'], [6.5, 'Alarm', 'CREATE_COMPLETE'], ends(7)],
    ],
  });

  expect([code, complaints, started]).toStrictEqual([0, '', 'deploy --stage prod --region eu-west-2']);
  expect(milestones).toStrictEqual([
    'Deploying stage prod in eu-west-2.',
    'CloudFormation has begun, which takes about ten minutes the first time:',
    `  ${console}`,
    'ProxyGroup1: done in 4 min',
    'HelloWorldService: done in 2 min',
    'CloudFormation is done, after 7 min.',
    ...theEnd,
  ]);
  expect(lines.find(isStatus)).toMatch(
    /^1 of 4 resources, 1 min; now: ProxyGroup1 \(\d+ (s|min) so far: waits until its instance serves; usually 4\)$/,
  );
});

it('a group without an instance: Auto Scaling’s words, once, and where to look when it takes long', async () => {
  aws.says.DescribeScalingActivities = activities('sluice-prod-proxy-1');
  const { code, lines, complaints } = await run({
    ...{ template: ['ProxyGroup1'], before: ['ProxyGroup1', 'Queue'] },
    looks: [
      [begins, group(0, 'UPDATE_IN_PROGRESS')],
      ...Array.from({ length: 110 }, () => []),
      [group(9, 'UPDATE_COMPLETE'), ends(9)],
    ],
  });

  expect(code).toBe(0);
  expect(
    complaints.match(/sluice-prod-proxy-1 could not start or end an instance: not eligible for Free Tier/g),
  ).toHaveLength(1);
  expect(complaints).toContain('`aws cloudformation cancel-update-stack --stack-name sluice-prod --region eu-west-2`');
  expect(lines.join(' ').replace(/\s+/g, ' ')).toMatch(
    /ProxyGroup1 takes long: 8 min so far, usually 4\. `aws autoscaling describe-scaling-activities --auto-scaling-group-name sluice-prod-proxy-1 /,
  );
  expect(lines.filter(isStatus).length).toBeLessThanOrEqual(10);
});

it('a failure comes with its reason, and what is taken back is said until it is', async () => {
  const { code, milestones, complaints } = await run({
    ...{ template, before: template, code: 1, complains: ['ProxyGroup1 - Group did not stabilize.'] },
    looks: [
      [begins, group(0, 'UPDATE_IN_PROGRESS'), [0, 'Queue', 'UPDATE_IN_PROGRESS']],
      [
        group(3, 'UPDATE_FAILED', 'Group did\nnot stabilize'),
        [3, 'Queue', 'UPDATE_FAILED', 'Resource update cancelled'],
      ],
      [ends(3, 'UPDATE_ROLLBACK_IN_PROGRESS'), group(3, 'UPDATE_IN_PROGRESS')],
      [group(4, 'UPDATE_COMPLETE')],
      [ends(5, 'UPDATE_ROLLBACK_COMPLETE')],
    ],
  });

  expect(code).toBe(1);
  expect(milestones.slice(3)).toStrictEqual([
    'ProxyGroup1 failed: Group did not stabilize',
    'CloudFormation takes the change back. Nothing is lost: the proxies keep serving visitors meanwhile.',
    'The change is taken back, after 5 min. Correct what failed, then deploy again.',
  ]);
  expect(complaints).toBe('ProxyGroup1 - Group did not stabilize.\n');
});

it.each([
  ['faults of settings', ['Correct these settings in settings.yml:', '  proxies: 7 is not a whole number from 1 to 3']],
  ['what stands in the way', ['Nothing was changed:', '  quota of VPCs: this deploy needs 1 more']],
])('%s come whole, and nothing is followed', async (_, complains) => {
  // Another user's deploy goes on meanwhile.
  const { code, lines, complaints } = await run({ code: 1, complains, before: template, looks: [[begins]] });

  expect([code, complaints]).toStrictEqual([1, `${complains.join('\n')}\n`]);
  expect(lines.filter(isStatus).length).toBeLessThan(5);
});

it('a deploy that changes nothing says so', async () => {
  const { code, lines } = await run({
    ...{ template, before: template },
    says: ['', '↷ No changes to deploy. Deployment skipped. (3s)', ...theEnd],
  });

  expect([code, lines.slice(1)]).toStrictEqual([
    0,
    ['Nothing changed since the last deploy, so nothing was deployed. --force deploys anyway.', ...theEnd],
  ]);
});

describe('a look that fails ends no deploy:', () => {
  const looks = [[begins], [], [], [], [], [], [ends(2)]];

  it('throttled, cut or garbled looks are tried again, and said only when they last', async () => {
    const few = await run({
      looks,
      at: (look) => look === 1 && aws.faults.next('cloudformation:DescribeStackEvents', 'throttled'),
    });
    const cut = await run({
      looks,
      at: (look) => look === 1 && aws.faults.next('cloudformation:DescribeStackEvents', 'cut', 2),
    });
    const many = await run({
      looks,
      at: (look) => look === 1 && aws.faults.next('cloudformation:DescribeStackEvents', { body: '<html>busy' }, 4),
    });

    expect([few, cut, many].map(({ code }) => code)).toStrictEqual([0, 0, 0]);
    expect([few, cut].map(({ complaints }) => complaints)).toStrictEqual(['', '']);
    expect(many.complaints.replace(/\s+/g, ' ')).toMatch(
      /^The progress cannot be read just now: AWS sent an answer that cannot be read\. CloudFormation goes on by itself; `aws .*$/,
    );
    for (const { output } of [few, cut, many]) expect(output).toContain('CloudFormation is done, after 2 min.');
  });

  it.each([
    [
      'credentials that expire',
      new AwsError('ExpiredToken', 'expired', 403),
      /^Your credentials for AWS have expired: sign in/,
    ],
    [
      'a missing right',
      new AwsError('AccessDenied', 'you are not authorized to perform: cloudformation:DescribeStackEvents', 403),
      /^you may not call cloudformation:DescribeStackEvents\. Give your user the permissions in docs\/deploy-policy\.json\./,
    ],
  ])('%s: one sentence, and no look after it', async (_, error, says) => {
    const { code, complaints } = await run({
      looks: [[begins], []],
      at: (look) => {
        if (look === 1) setImmediate(() => Object.assign(aws.says, { DescribeStackEvents: error }));
      },
    });

    expect(code).toBe(0);
    expect(complaints.replace(/\s+/g, ' ')).toMatch(says);
    expect(complaints.replace(/\s+/g, ' ')).toMatch(
      /CloudFormation goes on by itself; `aws cloudformation describe-stack-events/,
    );
  });
});

it('Ctrl-C ends the packager, and says that CloudFormation goes on', async () => {
  const { code, complaints } = await run({
    looks: [[begins, group(0, 'CREATE_IN_PROGRESS')], [], []],
    at: (look) => {
      if (look === 1) process.emit('SIGINT');
    },
  });

  expect(code).toBe(130);
  expect(complaints.replace(/\s+/g, ' ')).toMatch(
    /^Stopped looking: CloudFormation goes on by itself\. `aws cloudformation describe-stacks .* shows how far it is; `aws cloudformation cancel-update/,
  );
});

it('one sentence for whatever AWS answers before it begins, and nothing begins', async () => {
  const suffered = await sufferEach(aws, 'user', async () => {
    const said = await run({ before: template });
    return said.started && said.code !== 0 ? { ...said, complaints: `${said.complaints} and began` } : said;
  });

  expect(suffered.map(({ action, kind }) => `${action} ${kind}`)).toHaveLength(2 * 5);
  expect(suffered.flatMap(wrongWords)).toStrictEqual([]);
  expect(suffered.filter(({ said }) => said.complaints.includes('and began'))).toStrictEqual([]);
});

import type { Questions } from '../../scripts/sluice/verb';
import { playedAws } from '../resources/played-aws';
import { following } from './following';
import { sufferEach, wrongWords } from './suffering';

const aws = playedAws();
const { run } = following(aws);

const before = ['Queue', 'ProxyGroup1', 'Alarm'];
const removal = {
  before,
  looks: [
    [
      [0, 'sluice-prod', 'DELETE_IN_PROGRESS'],
      [0, 'Queue', 'DELETE_COMPLETE'],
      [0, 'ProxyGroup1', 'DELETE_IN_PROGRESS'],
    ],
    [
      [2, 'ProxyGroup1', 'DELETE_COMPLETE'],
      [2, 'Alarm', 'DELETE_COMPLETE'],
      [3, 'sluice-prod', 'DELETE_COMPLETE'],
    ],
  ],
} as const;

const typing = (text: string | undefined): Questions => ({
  text: async () => text,
  choose: async () => undefined,
  confirm: async () => undefined,
});

it.each([
  ['whose name is typed', { args: 'remove', questions: typing('prod') }],
  ['with --yes', { args: 'remove --yes' }],
])('a stage %s: says what goes and what stays, then follows', async (_, asked) => {
  const { code, milestones, started } = await run({ ...removal, ...asked });

  expect([code, started]).toStrictEqual([0, 'remove --stage prod --region eu-west-2']);
  expect(milestones[0]).toBe('This removes stage prod in eu-west-2: visitors get no answer from then on.');
  expect(milestones.join(' ')).toMatch(
    /It deletes the proxies and their addresses, .* It keeps your settings, the hosted zone/,
  );
  expect(milestones.slice(-4)).toStrictEqual([
    'CloudFormation removes 3 resources:',
    expect.stringMatching(/^ {2}https:/),
    'ProxyGroup1: done in 2 min',
    'Removed in 3 min.',
  ]);
});

it.each([
  ['another name is typed', { questions: typing('dev') }, 1, /^sluice: "dev" is not prod, so nothing was removed\.\n$/],
  ['the person breaks off', { questions: typing(undefined) }, 1, /^sluice: Stopped: nothing was removed\.\n$/],
  [
    'nobody can be asked',
    {},
    2,
    /^sluice: Nobody can be asked here, so nothing was removed: --yes removes stage prod\.\n$/,
  ],
  [
    'there is no stack',
    { args: 'remove --yes', before: [] },
    1,
    /^sluice: There is no stack sluice-prod in eu-west-2, so nothing/,
  ],
])('removes nothing when %s', async (_, asked, exit, says) => {
  const { code, complaints, started } = await run({ args: 'remove', before, ...asked });

  expect([code, started]).toStrictEqual([exit, undefined]);
  expect(complaints).toMatch(says);
});

it('a removal that is refused, or fails, has exit code 1 and the reason', async () => {
  const refused = await run({
    args: 'remove --yes',
    before,
    code: 1,
    complains: ['Nothing was changed:', '  cluster sluice-prod'],
  });
  const failed = await run({
    ...{ args: 'remove --yes', before, code: 1 },
    looks: [
      [[0, 'sluice-prod', 'DELETE_IN_PROGRESS']],
      [
        [2, 'Queue', 'DELETE_FAILED', 'it is in use'],
        [2, 'sluice-prod', 'DELETE_FAILED'],
      ],
    ],
  });

  expect([refused.code, failed.code]).toStrictEqual([1, 1]);
  expect(refused.complaints).toBe('Nothing was changed:\n  cluster sluice-prod\n');
  expect(failed.milestones.join(' ')).toMatch(
    /Queue failed: it is in use CloudFormation could not end that \(DELETE_FAILED\)/,
  );
});

it('one sentence for whatever AWS answers before it begins, and nothing begins', async () => {
  const suffered = await sufferEach(aws, 'user', async () => {
    const said = await run({ ...removal, args: 'remove --yes' });
    return said.started && said.code !== 0 ? { ...said, complaints: `${said.complaints} and began` } : said;
  });

  const early = suffered.filter(({ action }) => action.startsWith('cloudformation:'));
  expect(early).toHaveLength(2 * 5);
  expect(early.flatMap(wrongWords)).toStrictEqual([]);
  expect(early.filter(({ said }) => said.complaints.includes('and began'))).toStrictEqual([]);
});

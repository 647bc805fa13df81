import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';

import { AwsError } from '../../scripts/local/api/errors';
import { portOf } from '../listening';
import { playedAws } from '../resources/played-aws';
import { authority } from '../system/authority';
import { following } from './following';

const aws = playedAws();
const { run } = following(aws);

const names = ['example.com', '*.example.com'];
const issued = authority('T').issue(names);
const ends = [
  [0, 'sluice-prod', 'UPDATE_IN_PROGRESS'],
  [1, 'sluice-prod', 'UPDATE_COMPLETE'],
] as const;
const deploying = { args: 'deploy --wait', before: ['Queue'], looks: [[...ends]] };

/** The index of certificates as it is after so many looks without one. */
async function serving(looks: number) {
  const pem = { key: issued.key + issued.chain, cert: issued.key + issued.chain };
  const publicIp = `127.0.0.1:${await portOf(createServer(pem))}`;
  aws.says.DescribeAddresses = {
    addressesSet: [{ publicIp, tagSet: [{ key: 'Name', value: 'sluice-prod-proxy-1' }] }],
  };
  const index = [
    { name: 'example.com', names, serial: new X509Certificate(issued.key).serialNumber, key: 1, chain: 1 },
  ];
  let looked = 0;
  aws.says.GetParameters = () => {
    const Value = JSON.stringify(looked++ < looks ? [] : index);
    return { Parameters: [{ Name: '/sluice/prod/certificates/index', Value, Version: 1 }], InvalidParameters: [] };
  };
}

it('ends when every address serves its certificate, and says which', async () => {
  await serving(3);
  aws.faults.next('ec2:DescribeAddresses', 'throttled', 2);
  const { code, milestones, complaints } = await run(deploying);

  expect([code, complaints]).toStrictEqual([0, '']);
  expect(milestones.slice(-2)).toStrictEqual([
    'Waiting until every address serves its certificate, usually three minutes …',
    expect.stringMatching(
      /^certificate 1: 127\.0\.0\.1:\d+ serves example\.com, \*\.example\.com by T-1, \d+ days left$/,
    ),
  ]);
});

it('gives up after 15 minutes with the next step', async () => {
  await serving(1_000);
  const { code, complaints } = await run(deploying);

  expect(code).toBe(1);
  expect(complaints).toMatch(
    /^sluice: The deploy is done, but not every address serves its certificate after 15 minutes: no certificate is stored yet\. The next step: .* `npx sluice status --stage prod --region eu-west-2` looks again\.\n$/,
  );
});

it.each([
  [
    'a missing right',
    new AwsError('AccessDeniedException', 'not authorized to perform: ssm:GetParameters'),
    /permissions in docs\/deploy-policy\.json/,
  ],
  ['a throttled account', new AwsError('ThrottlingException', 'Rate exceeded'), /wait a minute/],
])('%s ends it with one sentence', async (_, error, says) => {
  await serving(0);
  aws.says.GetParameters = error;
  const { code, complaints } = await run(deploying);

  expect(code).toBe(1);
  expect(complaints).toMatch(/^sluice: deploy ended: /);
  expect(complaints).toMatch(says);
});

it('does not wait for a deploy that failed', async () => {
  const { code, output } = await run({ ...deploying, code: 1 });

  expect(code).toBe(1);
  expect(output).not.toContain('Waiting until');
});

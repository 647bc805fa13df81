import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { inCopy } from '../system/packaged';
import { account, activities, changing } from './played-account';
import { playedAws } from './played-aws';
import { playedBucket } from './played-bucket';

const aws = playedAws();

describe('the packager', () => {
  // The home of a user without files for AWS; the packager writes into it.
  const home = mkdtempSync(join(tmpdir(), 'sluice-home-'));
  afterAll(() => rmSync(home, { recursive: true }));
  const keys = { AWS_ACCESS_KEY_ID: 'AKIALOCAL', AWS_SECRET_ACCESS_KEY: 'secret' };

  /** What the packager says, and its exit code, with AWS being the server above. */
  const sls = (words: readonly string[], more: object = keys, cwd = join(__dirname, '../..')) =>
    new Promise<{ code: number | undefined; said: string }>((resolve) => {
      const given = ['domain=shop.example.com', 'hostedZoneId=Z0SLUICETEST'].flatMap((param) => ['--param', param]);
      const env = {
        PATH: process.env.PATH,
        HOME: home,
        SLUICE_SETTINGS: 'none.yml',
        // No DNS is asked here.
        SLUICE_RESOLVER: '127.0.0.1:9',
        AWS_ENDPOINT_URL: aws.endpoint(),
        AWS_EC2_METADATA_DISABLED: 'true',
        SLS_AWS_MONITORING_FREQUENCY: '50',
        SLS_AWS_REQUEST_MAX_RETRIES: '0',
        NODE_NO_WARNINGS: '1',
        ...more,
      };
      const options = { cwd, env };
      execFile(join(cwd, 'node_modules/.bin/sls'), [...words, ...given], options, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, said: `${stdout}${stderr}` }),
      );
    });
  const deploy = ['deploy', '--stage', 'prod', '--param', 'acceptTerms=true'];

  it('remove with services of others in the stack’s cluster changes nothing', async () => {
    aws.says = account({ services: ['hello-world', 'shop'] });

    const { code, said } = await sls(['remove', '--stage', 'prod']);

    expect(said.trim()).toMatch(
      /^Nothing was changed:\n {2}cluster sluice-prod still runs shop: .*, then remove again$/,
    );
    expect(code).toBe(1);
    expect(aws.asked.filter((request) => /Delete|PUT/.test(request))).toStrictEqual([]);
  });

  it('deploy fails in words, and deploys the same again after the rollback: its end shows where to go', async () => {
    const bucket = playedBucket();
    aws.also = bucket.answer;
    const addresses = [{ publicIp: '192.0.2.7', tagSet: [{ key: 'Name', value: 'sluice-prod-proxy-1' }] }];
    const resources = {
      ServerlessDeploymentBucket: 'sluice-bucket',
      AlarmTopic: 'arn:aws:sns:eu-west-2:123456789012:sluice-prod-AlarmTopic',
    };
    const failed = changing('ProxyGroup1', 'AutoScaling::AutoScalingGroup', 'UPDATE_FAILED', 'Group did not stabilize');
    const done = changing('sluice-prod', 'CloudFormation::Stack', 'UPDATE_COMPLETE');
    const there = { resources, addresses, quota: 9 };
    aws.says = {
      ...account({ ...there, status: 'UPDATE_COMPLETE' }),
      ...failed,
      DescribeScalingActivities: activities('sluice-prod-proxy-1'),
    };
    const [first, second] = await inCopy(async (cwd) => {
      const env = { ...keys, TMPDIR: cwd };
      const failing = await sls(deploy, env, cwd);
      aws.says = { ...account({ ...there, status: 'UPDATE_ROLLBACK_COMPLETE' }), ...done };
      aws.asked = [];
      return [failing, await sls([...deploy, '--package', '.serverless'], env, cwd)];
    });

    expect(first).toStrictEqual({
      code: 1,
      said: expect.stringMatching(
        /\nProxyGroup1 - Group did not stabilize\.\nCloudFormation now rolls back the whole change\. .*\n$/,
      ),
    });
    expect(first.said).toContain('sluice-prod-proxy-1 could not start or end an instance: not eligible for Free Tier');
    expect(first.said).not.toMatch(/Environment:|Docs:|at .*:\d+:\d+/);

    expect(second.said).toMatch(/Service deployed to stack sluice-prod/);
    expect(aws.asked.filter((request) => request.includes('Action=UpdateStack'))).toHaveLength(1);
    expect(second.said).toContain(
      [
        '\nhttps://shop.example.com/',
        'proxy 1: 192.0.2.7',
        'AWS sent a mail to hostmaster@shop.example.com: follow its link, otherwise no alarm arrives',
        'next: the first certificate takes about three minutes; then npx sluice status --stage prod --region eu-west-2\n',
      ].join('\n'),
    );
    expect(second.code).toBe(0);
  });
});

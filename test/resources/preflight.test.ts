import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { ECSClient } from '@aws-sdk/client-ecs';
import { IAMClient } from '@aws-sdk/client-iam';

import { type Answer, playedAws, refusal, zone } from './played-aws';

const { createServiceRoles } = require('../../resources/preflight/roles.cjs') as {
  createServiceRoles: (iam: IAMClient, settings: object) => Promise<void>;
};
const { foreignServices } = require('../../resources/preflight/cluster.cjs') as {
  foreignServices: (ecs: ECSClient, cluster: string) => Promise<readonly string[]>;
};

const aws = playedAws();

describe('the roles of the account', () => {
  const taken = refusal(400, 'InvalidInput', 'Service role name AWSServiceRoleForECS has been taken in this account');
  const services = () => aws.asked.map((request) => new URLSearchParams(request.split(' ')[2]).get('AWSServiceName'));

  it.each([
    [
      'autoscaling, ecs and spot for hosts on Spot',
      { own: true, taskCapacity: 'spot' },
      ['autoscaling', 'ecs', 'spot'],
    ],
    ['autoscaling and ecs for hosts on demand', { own: true, taskCapacity: 'on-demand' }, ['autoscaling', 'ecs']],
    ['autoscaling alone beside what is there', { own: false, taskCapacity: 'spot' }, ['autoscaling']],
  ])('are %s; those that exist are no fault', async (_, given, expected) => {
    aws.answers = [taken];

    await createServiceRoles(aws.client(IAMClient), given);

    expect(services()).toStrictEqual(expected.map((service) => `${service}.amazonaws.com`));
  });

  it('may not be created', async () => {
    aws.answers = [refusal(403, 'AccessDenied', 'not authorized')];

    await expect(createServiceRoles(aws.client(IAMClient), { own: true })).rejects.toThrow(
      'Creating the service-linked role of autoscaling.amazonaws.com failed: not authorized',
    );
  });
});

const services = (...names: string[]): Answer => {
  const arn = (name: string) => `arn:aws:ecs:eu-west-2:123456789012:service/sluice-prod/${name}`;
  return [200, JSON.stringify({ serviceArns: names.map(arn) })];
};

describe('before removal', () => {
  it('services of others are told, from every page', async () => {
    const [status, first] = services('hello-world', 'shop');
    aws.answers = [[status, JSON.stringify({ ...JSON.parse(first), nextToken: 'more' })], services('blog')];

    expect(await foreignServices(aws.client(ECSClient), 'sluice-prod')).toStrictEqual([
      'cluster sluice-prod still runs shop, blog: delete each (`aws ecs delete-service --force --cluster sluice-prod' +
        ' --service …`), then remove again',
    ]);
  });

  it.each([
    ['hello-world alone', services('hello-world')],
    ['a cluster that has gone', [400, '{"__type":"ClusterNotFoundException","message":"gone"}'] as const],
  ])('%s is no fault', async (_, answer) => {
    aws.answers = [answer];

    expect(await foreignServices(aws.client(ECSClient), 'sluice-prod')).toStrictEqual([]);
  });
});

describe('npx sls', () => {
  /** What the packager says, and its exit code, with AWS being the server above. */
  const sls = (...words: string[]) =>
    new Promise<{ code: number | undefined; said: string }>((resolve) => {
      const given = ['domain=shop.example.com', 'hostedZoneId=Z0SLUICETEST'].flatMap((param) => ['--param', param]);
      const env = {
        ...process.env,
        SLUICE_SETTINGS: 'none.yml',
        AWS_ENDPOINT_URL: aws.endpoint(),
        AWS_ACCESS_KEY_ID: 'AKIALOCAL',
        AWS_SECRET_ACCESS_KEY: 'secret',
      };
      const options = { cwd: join(__dirname, '../..'), env };
      execFile('node_modules/.bin/sls', [...words, ...given], options, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, said: `${stdout}${stderr}` }),
      );
    });

  it('deploy without acceptance of the terms asks AWS for nothing', async () => {
    const { code, said } = await sls('deploy');

    expect(said).toContain('acceptTerms: read https://letsencrypt.org/repository/ and set it to true');
    expect(code).toBe(1);
    expect(aws.asked).toStrictEqual([]);
  }, 30_000);

  it('deploy into a wrong zone changes nothing', async () => {
    aws.answers = [zone('example.net')];

    const { code, said } = await sls('deploy', '--param', 'acceptTerms=true');

    expect(said).toContain('Nothing was changed:\n  hostedZoneId: Z0SLUICETEST holds example.net');
    expect(code).toBe(1);
    expect(aws.asked.filter((request) => !/^GET .*hostedzone|GetCallerIdentity/.test(request))).toStrictEqual([]);
  }, 30_000);

  it('remove with services of others in the stack’s cluster changes nothing', async () => {
    aws.answers = [services('hello-world', 'shop')];

    const { code, said } = await sls('remove', '--stage', 'prod');

    expect(said).toContain('Nothing was changed:\n  cluster sluice-prod still runs shop');
    expect(code).toBe(1);
    expect(aws.asked.filter((request) => !/"cluster":"sluice-prod"|GetCallerIdentity/.test(request))).toStrictEqual([]);
  }, 30_000);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AwsError } from '../../scripts/local/api/errors';
import { account, whole } from '../resources/played-account';
import { playedAws } from '../resources/played-aws';
import { playedDns } from '../resources/played-dns';
import { sluice } from './console';
import { impatient, sufferEach, wrongWords } from './suffering';

const aws = playedAws();
const dns = playedDns();
const folder = mkdtempSync(join(tmpdir(), 'sluice-check-'));
const settings = (more: object = {}) => {
  const given = { domain: 'shop.example.com', hostedZoneId: 'Z0SLUICETEST', acceptTerms: true, ...more };
  writeFileSync(join(folder, 'settings.yml'), JSON.stringify({ prod: given }));
};
beforeAll(() => {
  process.env.SLUICE_SETTINGS = join(folder, 'settings.yml');
});
beforeEach(() => {
  process.env.AWS_ENDPOINT_URL = aws.endpoint();
  settings();
  aws.says = account();
});
afterAll(() => {
  delete process.env.SLUICE_SETTINGS;
  delete process.env.AWS_ENDPOINT_URL;
  rmSync(folder, { recursive: true });
});

const credentials = async () => ({ accessKeyId: 'AKIALOCAL', secretAccessKey: 'secret' });
const check = async (...args: string[]) => {
  const config = (region: string) => ({ ...impatient, region, credentials });
  const said = await sluice(['check', '--stage', 'prod', ...args], { config });
  return { ...said, words: said.output.replace(/\s+/g, ' ') };
};
const changing = () => aws.calls.filter(({ action }) => !/:(Describe|List|Get)/.test(action));

it('says that nothing stands in the way, what a deploy does, and the price; changes nothing', async () => {
  const fresh = await check();
  aws.says = account({ ...whole, quota: 1 });
  const again = await check();

  expect([fresh.code, again.code, changing()]).toStrictEqual([0, 0, []]);
  expect(fresh.words).toMatch(
    /^Nothing stands in the way of a deploy of stage prod in eu-west-2\. There is no stack sluice-prod yet: .* About \$19\.44 a/,
  );
  expect(again.words).toContain('Stack sluice-prod has 6 resources: a deploy changes what differs');
  expect(fresh.output.split('\n').filter((line) => line.length > 80)).toStrictEqual([]);
});

it('lists every fault at once with what to do, as a deploy does', async () => {
  settings({ acceptTerms: false, taskCapacity: 'on-demand' });
  aws.says = account({ plan: 'FREE', key: 'arn:aws:kms:eu-west-2:1:key/1' });
  dns.records = [];
  const { code, words } = await check();

  expect([code, changing()]).toStrictEqual([1, []]);
  for (const each of [
    'acceptTerms: read',
    'proxyInstanceType: this account',
    'hosted zone Z0SLUICETEST: by public DNS',
  ])
    expect(words).toContain(`STOPS ${each}`);
  expect(words).toMatch(/hint new volumes are encrypted .* 4 things would stop a deploy of stage prod in eu-west-2\./);
});

it('waits for no stack that still changes, and says that a deploy would', async () => {
  aws.says = account({ status: 'UPDATE_ROLLBACK_IN_PROGRESS', resources: whole.resources, networks: whole.networks });
  const { code, words } = await check();

  expect(code).toBe(0);
  expect(words).toMatch(
    /^hint Stack sluice-prod is in UPDATE_ROLLBACK_IN_PROGRESS: a deploy waits until CloudFormation/,
  );
});

it('settings that are wrong are one message', async () => {
  settings({ proxies: 7 });

  expect(await check()).toMatchObject({
    code: 1,
    complaints: expect.stringMatching(/^sluice: Correct .*\n +proxies: 7/),
  });
});

it('one sentence for whatever AWS answers to one call, and nothing is changed', async () => {
  const suffered = await sufferEach(aws, 'user', check);

  expect(new Set(suffered.map(({ action }) => action)).size).toBeGreaterThan(10);
  expect(suffered.flatMap(wrongWords)).toStrictEqual([]);
  expect(changing()).toStrictEqual([]);
});

it('without credentials says what to run', async () => {
  aws.otherwise = new AwsError('ExpiredToken', 'expired', 403);
  aws.says = {};
  const { code, complaints } = await check();

  expect([code, complaints]).toStrictEqual([
    1,
    expect.stringMatching(/^sluice: Your credentials for AWS have expired: .*\n$/),
  ]);
});

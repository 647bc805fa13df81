import { account } from './played-account';
import { playedAws, refusal } from './played-aws';
import { deploying, ending, removing } from './plugin';

const { inWords, stop } = require('../../resources/preflight/asking.cjs') as {
  inWords: (error: Error, where: object) => string | undefined;
  stop: (faults: readonly string[]) => Error;
};

const error = (name: string, message: string, more: object = {}) => Object.assign(new Error(message), { name }, more);
const metadata = { $metadata: {} };
const inWordsHere = (given: Error) => inWords(given, { region: 'eu-west-2', stack: 'sluice-prod', command: 'deploy' });

it.each([
  [
    'no credentials',
    error('ServerlessError', 'AWS provider credentials not found. Learn how', { code: 'AWS_CREDENTIALS_NOT_FOUND' }),
    /^There are no credentials for AWS: run `aws configure` or `aws sso login`/,
  ],
  [
    'none of the SDK’s own',
    error('CredentialsProviderError', 'Could not load credentials from any providers'),
    /^There are no credentials for AWS/,
  ],
  [
    'an unknown profile',
    error('ServerlessError', 'AWS profile "x" doesn\'t seem to be configured', { code: 'UNRECOGNIZED_AWS_PROFILE' }),
    /^AWS profile "x" doesn't seem to be configured: `aws configure list-profiles`/,
  ],
  [
    'an SSO session that is over',
    error('CredentialsProviderError', 'The SSO session associated with this profile has expired.'),
    /^Your credentials for AWS have expired: sign in again/,
  ],
  [
    'an SSO token that is over',
    error('TokenProviderError', "Token is expired. To refresh this SSO session run 'aws sso login'"),
    /^Your credentials for AWS have expired/,
  ],
  [
    'a token that is over',
    error('ExpiredToken', 'The security token included in the request is expired', metadata),
    /^Your credentials for AWS have expired/,
  ],
  ['another', error('ExpiredTokenException', 'expired', metadata), /^Your credentials for AWS have expired/],
  ['a request that is over', error('RequestExpired', 'expired', metadata), /^Your credentials for AWS have expired/],
  [
    'a key that AWS does not know',
    error('InvalidClientTokenId', 'The security token included in the request is invalid', metadata),
    /^AWS does not know your credentials \(InvalidClientTokenId\): `aws sts get-caller-identity` .* region eu-west-2 may not be enabled/,
  ],
  [
    'the same of JSON services',
    error('UnrecognizedClientException', 'invalid', metadata),
    /^AWS does not know your credentials/,
  ],
  [
    'the same of EC2',
    error('AuthFailure', 'AWS was not able to validate', metadata),
    /^AWS does not know your credentials/,
  ],
  [
    'a wrong secret',
    error('SignatureDoesNotMatch', 'The request signature we calculated', metadata),
    /^AWS refuses the signature \(SignatureDoesNotMatch\): look at the secret key, and whether this machine's clock is right\.$/,
  ],
  [
    'no network',
    error('Error', 'getaddrinfo ENOTFOUND sts.eu-west-9.amazonaws.com', { code: 'ENOTFOUND' }),
    /^AWS cannot be reached \(getaddrinfo ENOTFOUND sts.eu-west-9.amazonaws.com\): look at this machine's network and proxy, and whether eu-west-2 is a region of AWS\.$/,
  ],
  ['a closed port', error('Error', '', { code: 'ECONNREFUSED' }), /^AWS cannot be reached \(ECONNREFUSED\)/],
  ['no answer in time', error('TimeoutError', 'Connection timed out'), /^AWS cannot be reached/],
  [
    'a right that is missing',
    error(
      'AccessDenied',
      'User: arn:aws:iam::1:user/you is not authorized to perform: cloudformation:UpdateStack on resource: x',
      metadata,
    ),
    'deploy of sluice-prod ended: you may not call cloudformation:UpdateStack. Let your user do what docs/deploy-policy.json lists, then run it again.',
  ],
  [
    'the same of EC2',
    error(
      'UnauthorizedOperation',
      'You are not authorized to perform this operation. User: arn:x is not authorized to perform: ec2:DescribeVpcs because no',
      metadata,
    ),
    /you may not call ec2:DescribeVpcs\./,
  ],
  [
    'an account that is not open yet',
    error('OptInRequired', 'You are not subscribed to this service', metadata),
    /^AWS has not opened this account yet \(OptInRequired\): complete the sign-up in the console; it may take a day\.$/,
  ],
  [
    'a change that AWS refuses for another reason',
    error('ValidationError', 'Template format error.', metadata),
    'deploy of sluice-prod ended: AWS says ValidationError: Template format error. Mend that, then run it again.',
  ],
  [
    'an update that lacked a right',
    error('ServerlessError', 'An error occurred: X - User: you is not authorized to perform: ecs:CreateCluster.', {
      code: 'AWS_CLOUD_FORMATION_UPDATE_STACK_INTERNAL_INSUFFICIENT_PERMISSIONS',
    }),
    /ecs:CreateCluster\.\nLet your user do what docs\/deploy-policy.json lists\.\nCloudFormation takes/,
  ],
  [
    'a failed update',
    error('ServerlessError', 'An error occurred: ProxyGroup1 - Group did not stabilize.', {
      code: 'AWS_CLOUD_FORMATION_UPDATE_STACK_INTERNAL_AUTO_SCALING_X',
    }),
    /^ProxyGroup1 - Group did not stabilize\.\nCloudFormation takes the whole change back now\. The next deploy waits for that; to see it, `aws cloudformation describe-stacks --stack-name sluice-prod --query "Stacks\[0\]\.StackStatus" --region eu-west-2`\.$/,
  ],
  ['the packager’s own', error('ServerlessError', 'Some option is wrong', { code: 'X' }), 'Some option is wrong'],
  ['what stands in the way', stop(['one', 'two']), 'Nothing was changed:\n  one\n  two'],
])('%s', (_, given, words) => {
  if (typeof words === 'string') expect(inWordsHere(given)).toBe(words);
  else expect(inWordsHere(given)).toMatch(words);
});

it('a fault of the program keeps its stack', () => {
  expect(inWordsHere(new TypeError('x is not a function'))).toBeUndefined();
});

describe('a command that AWS answers nothing', () => {
  const aws = playedAws();
  /** What is said before anything of the account is known. */
  const said = async (command: (from: typeof aws) => Promise<unknown>) =>
    command(aws).then(() => undefined, inWordsHere);

  it.each([
    ['deploy', deploying],
    ['remove', removing],
  ])('%s ends with credentials that have expired', async (_, command) => {
    const expired = 'The security token included in the request is expired';
    aws.answers = [refusal(403, 'ExpiredToken', expired)];
    // As services say it whose protocol is JSON.
    aws.says.ListServices = [400, JSON.stringify({ __type: 'ExpiredTokenException', message: expired })];

    expect(await said(command)).toMatch(/^Your credentials for AWS have expired/);
  });

  it.each([
    ['deploy', deploying],
    ['remove', removing],
  ])('%s ends without a network', async (_, command) => {
    const nobody = { ...aws, endpoint: () => 'http://127.0.0.1:9' };

    expect(await said(() => command(nobody))).toMatch(/^AWS cannot be reached \(.*ECONNREFUSED.*\): look at/);
  });

  it('the end of a deploy tells what it could not ask, and fails nothing', async () => {
    aws.answers = [refusal(403, 'ExpiredToken', 'expired')];

    expect(await ending(aws)).toStrictEqual([
      expect.stringMatching(/^Your credentials for AWS have expired/),
      'next: the first certificate takes about three minutes; then npm run status -- --stage prod --region eu-west-2',
    ]);
  });

  it('the end of a deploy without records tells how to try, and nothing of a mail that was confirmed', async () => {
    aws.says = account({
      resources: { AlarmTopic: 'arn:aws:sns:eu-west-2:123456789012:topic' },
      subscription: 'arn:aws:sns:eu-west-2:123456789012:topic:1',
      addresses: [2, 1].map((n) => ({
        publicIp: `192.0.2.${n}`,
        tagSet: [{ key: 'Name', value: `sluice-prod-proxy-${n}` }],
      })),
    });

    expect(await ending(aws, { dns: 'none', proxies: 2 }, new Map([['ProxyGroup1', 'g']]))).toStrictEqual([
      'https://shop.example.com/ once a record of yours leads there; before that:' +
        ' curl --resolve shop.example.com:443:192.0.2.2 https://shop.example.com/',
      'proxy 1: 192.0.2.1',
      'proxy 2: 192.0.2.2',
      'next: npm run status -- --stage prod --region eu-west-2',
    ]);
  });
});

import { AwsError } from '../../scripts/local/api/errors';
import { account } from './played-account';
import { playedAws } from './played-aws';
import { deploying, ending, removing } from './plugin';

const { inWords, stop } = require('../../resources/preflight/asking.cjs') as {
  inWords: (error: Error, where: object) => string | undefined;
  stop: (faults: readonly string[]) => Error;
};

const error = (name: string, message: string, more: object = {}) => Object.assign(new Error(message), { name }, more);
const inWordsHere = (given: Error) => inWords(given, { region: 'eu-west-2', stack: 'sluice-prod', command: 'deploy' });

const ofPackager = (code: string, message: string) => error('ServerlessError', message, { code });
const ofAws = (name: string, message = 'no') => error(name, message, { $metadata: {} });
const denied = (action: string) =>
  `User: arn:aws:iam::1:user/you is not authorized to perform: ${action} on resource: x`;
const update = 'AWS_CLOUD_FORMATION_UPDATE_STACK_INTERNAL_';
const unsettled = 'An error occurred: ProxyGroup1 - Group did not stabilize.';
const [none, expired] = [
  'There are no credentials for AWS: run `aws configure` or',
  'Your credentials for AWS have expired',
];

it.each([
  [ofPackager('AWS_CREDENTIALS_NOT_FOUND', 'AWS provider credentials not found. Learn how'), none],
  [error('CredentialsProviderError', 'Could not load credentials from any providers'), none],
  [ofPackager('UNRECOGNIZED_AWS_PROFILE', 'No profile "x"'), 'No profile "x": `aws configure list-profiles`'],
  [error('CredentialsProviderError', 'The SSO session associated with this profile has expired.'), expired],
  [error('TokenProviderError', "Token is expired. To refresh this SSO session run 'aws sso login'"), expired],
  [ofAws('ExpiredToken'), expired],
  [ofAws('ExpiredTokenException'), expired],
  [ofAws('RequestExpired'), expired],
  [ofAws('InvalidClientTokenId'), 'AWS does not know your credentials (InvalidClientTokenId): `aws sts get-caller'],
  [ofAws('UnrecognizedClientException'), 'if they are, region eu-west-2 may not be enabled in your account.'],
  [ofAws('AuthFailure'), 'AWS does not know your credentials'],
  [ofAws('SignatureDoesNotMatch'), 'AWS refuses the signature (SignatureDoesNotMatch): check the secret key, and'],
  [error('Error', 'getaddrinfo x', { code: 'ENOTFOUND' }), 'AWS cannot be reached (getaddrinfo x): check'],
  [error('Error', '', { code: 'ECONNREFUSED' }), 'AWS cannot be reached (ECONNREFUSED)'],
  [error('TimeoutError', 'Connection timed out'), 'AWS cannot be reached'],
  [ofAws('AccessDenied', denied('sns:Publish')), 'deploy of sluice-prod ended: you may not call sns:Publish. Give'],
  [ofAws('UnauthorizedOperation', `You may not. ${denied('ec2:DescribeVpcs')}`), 'you may not call ec2:DescribeVpcs.'],
  [ofAws('OptInRequired'), 'AWS has not opened this account yet (OptInRequired): complete the sign-up in the console'],
  [ofAws('ValidationError', 'Bad.'), 'deploy of sluice-prod ended: AWS answers ValidationError: Bad. Correct that,'],
  [ofPackager(`${update}X`, denied('ecs:CreateCluster')), '\nGive your user the permissions in docs/deploy-policy'],
  [ofPackager(`${update}Y`, unsettled), 'did not stabilize.\nCloudFormation now rolls back the whole change'],
  [ofPackager(`${update}Y`, unsettled), '--query "Stacks[0].StackStatus" --region eu-west-2`.'],
  [ofPackager('X', 'Some option is wrong'), 'Some option is wrong'],
  [stop(['one', 'two']), 'Nothing was changed:\n  one\n  two'],
])('%s is said in words, with the next step', (given, words) => {
  expect(inWordsHere(given)).toContain(words);
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
  ])('%s ends with credentials that have expired, and without a network', async (_, command) => {
    const expired = 'The security token included in the request is expired';
    aws.otherwise = new AwsError('ExpiredToken', expired, 403);
    // As services say it whose protocol is JSON.
    aws.says.ListServices = new AwsError('ExpiredTokenException', expired);
    const unreachable = { ...aws, endpoint: () => 'http://127.0.0.1:9' };

    expect(await said(command)).toMatch(/^Your credentials for AWS have expired/);
    expect(await said(() => command(unreachable))).toMatch(/^AWS cannot be reached \(.*ECONNREFUSED.*\): check/);
  });

  it('the end of a deploy reports what it could not ask, and does not fail', async () => {
    aws.otherwise = new AwsError('ExpiredToken', 'expired', 403);

    expect(await ending(aws)).toStrictEqual([
      expect.stringMatching(/^Your credentials for AWS have expired/),
      'next: the first certificate takes about three minutes; then npx sluice status --stage prod --region eu-west-2',
    ]);
  });

  it('the end of a deploy without records shows how to try the stage, and mentions no mail that was confirmed', async () => {
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
      'next: npx sluice status --stage prod --region eu-west-2',
    ]);
  });
});

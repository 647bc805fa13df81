// What AWS, the network and DNS answer when they refuse, in words with the next step.
const has = ({ name, code }, pattern) => [name, code].some((each) => each !== undefined && pattern.test(each));

const gone = /^(E(AI_AGAIN|CONNREFUSED|CONNRESET|HOSTUNREACH|NETUNREACH|NOTFOUND|PIPE|TIMEDOUT)|TimeoutError)$/;
const outOfDate = /^(ExpiredToken(Exception)?|RequestExpired|TokenRefreshRequired|AWS_SSO_LOGIN_.*)$/;
const unknownKey = /^(InvalidClientTokenId|InvalidAccessKeyId|UnrecognizedClientException|AuthFailure|InvalidToken)$/;
const wrongKey =
  /^(SignatureDoesNotMatch|InvalidSignatureException|IncompleteSignature|RequestTimeTooSkewed|RequestInTheFuture)$/;

/** Why AWS refuses every call, and what to do; `undefined` for any other error. */
function blocked(error, region) {
  if (error.name === 'Unanswered') return undefined;
  if (has(error, /^UNRECOGNIZED_AWS_PROFILE$/))
    return `${error.message}: \`aws configure list-profiles\` lists the profiles; set AWS_PROFILE to one.`;
  if (has(error, outOfDate) || (isAboutCredentials(error) && /expired|invalid_grant|sso login/i.test(error.message)))
    return 'Your credentials for AWS have expired: sign in again (`aws sso login`, or new keys), then run the same command.';
  if (has(error, /^AWS_CREDENTIALS_NOT_FOUND$/) || isAboutCredentials(error))
    return 'There are no credentials for AWS: run `aws configure` or `aws sso login`, or set AWS_PROFILE, then run the same command.';
  if (has(error, /^OptInRequired$/))
    return 'AWS has not opened this account yet (OptInRequired): complete the sign-up in the console; it may take a day.';
  if (has(error, unknownKey))
    return (
      `AWS does not know your credentials (${error.name}): \`aws sts get-caller-identity\` shows whether they are right;` +
      ` if they are, region ${region} may not be enabled in your account.`
    );
  if (has(error, wrongKey))
    return `AWS refuses the signature (${error.name}): check the secret key, and this machine's clock.`;
  // After the SDK's own retries only the message of the error may be left.
  if (has(error, gone) || error.message.split(/\W+/).some((word) => gone.test(word)))
    return (
      `AWS cannot be reached (${withoutClient(error.message) || error.code}): check this machine's network and proxy, and whether` +
      ` ${region} is a region of AWS.`
    );
  return undefined;
}

/** Without what the SDK adds in its own name. */
const withoutClient = (message) =>
  message
    .replace(/^AWS SDK error wrapper for \w+: /, '')
    .replace(/^.*exceeded the configured (\d+) ms requestTimeout.*$/, 'no answer within $1 ms');

const isAboutCredentials = (error) => has(error, /^(CredentialsProviderError|TokenProviderError|ProviderError)$/);

const isDenied = (error) =>
  has(error, /AccessDenied|UnauthorizedOperation|AuthorizationError|NotAuthorized|^Forbidden$/);

/** Why one call was refused; `undefined` for an error that is not an answer of AWS or DNS. */
function refused(error) {
  const [, action] = /not authorized to perform:? ([\w-]+:\w+)/.exec(error.message) ?? [];
  if (isDenied(error)) return action ? `you may not call ${action}` : `you may not: ${plain(error)}`;
  if (error.name === 'Unanswered') return error.message;
  if (isGarbled(error)) return 'AWS sent an answer that cannot be read';
  return error.$metadata || error.$fault ? `AWS answers ${error.name}: ${plain(error)}` : undefined;
}

/** The SDK throws its parsers' own errors, about an answer of a proxy on the way for example. */
const isGarbled = ({ name, message }) => name !== 'Stop' && /Deserialization error|^Unclosed tag/.test(message);

const plain = ({ message }) => message.replace(/\s+/g, ' ').replace(/\.$/, '');

/** An error of one check, which stops no other. */
const unanswered = (message, cause) => Object.assign(new Error(message, { cause }), { name: 'Unanswered' });

/** Services without a region, or with a fixed one. */
const elsewhere = 'configure|sso|sts|freetier|route53';
const commands = new RegExp(`\`((?:aws (?!${elsewhere})|npx sluice )[^\`]*)\``, 'g');

const located = (words, region) => words.replace(commands, (_, command) => `\`${command} --region ${region}\``);

module.exports = { blocked, isDenied, located, refused, unanswered };

// What the settings of certificates become: the CA's directory, and the DNS records that renew may write.
const setting = ({ resolveVariable }, name) => resolveVariable(`self:custom.settings.${name}`);

/** Let's Encrypt's two directories; any other CA's is given as it is. */
const directories = {
  production: 'https://acme-v02.api.letsencrypt.org/directory',
  staging: 'https://acme-staging-v02.api.letsencrypt.org/directory',
};

module.exports.directory = async (sls) => {
  const given = await setting(sls, 'acmeDirectory');
  return directories[given] ?? given;
};

/** What takes longest in a first deploy, and fails most easily: instances and tasks. */
module.exports.whateverMayFail = async (sls) => [
  ...(await setting(sls, 'slots')).map((slot) => `ProxyGroup${slot}`),
  ...((await setting(sls, 'helloWorld')) ? ['HelloWorldService'] : []),
];

module.exports.challengeZones = async (sls) => (await setting(sls, 'challengeZones')).join();

const zoneArn = (id) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:route53:::hostedzone/${id}` });
const unique = (items) => [...new Set(items)];

/** Of all zones: those of the names, and those to which CNAMEs of theirs lead. */
const zones = async (sls) => unique([await setting(sls, 'hostedZoneId'), ...(await setting(sls, 'challengeZones'))]);

/** A role's inline policies may have 10,240 characters together; beyond so many names the prefix must do. */
const mostNames = 60;

const prefix = 'route53:ChangeResourceRecordSets';
const onlyText = {
  [`${prefix}RecordTypes`]: ['TXT'],
  [`${prefix}Actions`]: ['CREATE', 'DELETE'],
};

const onlyChallenges = (names) => {
  const are = { [`${prefix}NormalizedRecordNames`]: names.length > mostNames ? ['_acme-challenge.*'] : names };
  if (names.length > mostNames) return { 'ForAllValues:StringEquals': onlyText, 'ForAllValues:StringLike': are };
  return { 'ForAllValues:StringEquals': { ...onlyText, ...are } };
};

const write = (Sid, zoneIds, Condition) => ({
  Sid,
  Effect: 'Allow',
  Action: prefix,
  Resource: zoneIds.map(zoneArn),
  Condition,
});

/** The policy for Route 53. */
module.exports.zones = async (sls) => {
  const names = (await setting(sls, 'certificates')).flat();
  const challenges = unique(names.map((name) => `_acme-challenge.${name.replace(/^\*\./, '')}`));
  const delegated = await setting(sls, 'challengeZones');
  const Statement = [
    {
      Sid: 'ReadZones',
      Effect: 'Allow',
      Action: ['route53:GetHostedZone', 'route53:ListResourceRecordSets'],
      Resource: (await zones(sls)).map(zoneArn),
    },
    write('AnswerChallenges', await zones(sls), onlyChallenges(challenges)),
    // Nobody knows before what a CNAME leads to, so in these zones any TXT record may be written.
    ...(delegated.length > 0
      ? [write('AnswerDelegatedChallenges', delegated, { 'ForAllValues:StringEquals': onlyText })]
      : []),
    {
      Sid: 'WaitForRoute53',
      Effect: 'Allow',
      Action: 'route53:GetChange',
      // The id of a change is known only when it was made.
      Resource: { 'Fn::Sub': 'arn:${AWS::Partition}:route53:::change/*' },
    },
  ];
  return { PolicyName: 'answer-challenges', PolicyDocument: { Version: '2012-10-17', Statement } };
};

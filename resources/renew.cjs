// The policy by which renew answers challenges: it may write these DNS records, and no other.
const zoneArn = (id) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:route53:::hostedzone/${id}` });

/** As in lib/certificates/certificate.ts, which CommonJS cannot import. */
const challengeName = (name) => `_acme-challenge.${name.replace(/^\*\./, '')}`;

/** A role's inline policies may have 10,240 characters together; with more names a pattern must do. */
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

const statements = ({ certificates, challengeZones, zoneIds }) => [
  {
    Sid: 'ReadZones',
    Effect: 'Allow',
    Action: ['route53:GetHostedZone', 'route53:ListResourceRecordSets'],
    Resource: zoneIds.map(zoneArn),
  },
  write('AnswerChallenges', zoneIds, onlyChallenges([...new Set(certificates.flat().map(challengeName))])),
  // The target of a CNAME is unknown before, so in these zones any TXT record may be written.
  ...(challengeZones.length > 0
    ? [write('AnswerDelegatedChallenges', challengeZones, { 'ForAllValues:StringEquals': onlyText })]
    : []),
  {
    Sid: 'WaitForRoute53',
    Effect: 'Allow',
    Action: 'route53:GetChange',
    // Route 53 makes up the id with the change.
    Resource: { 'Fn::Sub': 'arn:${AWS::Partition}:route53:::change/*' },
  },
];

module.exports = async ({ resolveVariable }) => {
  const Statement = statements(await resolveVariable('self:custom.settings'));
  return { PolicyName: 'answer-challenges', PolicyDocument: { Version: '2012-10-17', Statement } };
};

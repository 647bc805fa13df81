// Checks that the hosted zone can take the records and the challenges, before CloudFormation fails ten minutes into a deploy.
const { GetHostedZoneCommand, ListResourceRecordSetsCommand } = require('@aws-sdk/client-route-53');

const { names } = require('../dns.cjs');

/** Faults if the zone does not belong to the domain. */
async function zoneFaults(route53, { hostedZoneId, domain }) {
  const zone = await route53.send(new GetHostedZoneCommand({ Id: hostedZoneId })).catch((error) => {
    if (error.name === 'NoSuchHostedZone') return undefined;
    throw error;
  });
  if (!zone)
    return [
      `hostedZoneId: this account has no hosted zone ${hostedZoneId}; \`aws route53 list-hosted-zones\` lists them`,
    ];
  const name = plain(zone.HostedZone.Name);
  const faults = [];
  if (zone.HostedZone.Config?.PrivateZone)
    faults.push(
      `hostedZoneId: ${hostedZoneId} is private; certificates and visitors need the public zone of ${domain}`,
    );
  if (domain !== name && !domain.endsWith(`.${name}`))
    faults.push(`hostedZoneId: ${hostedZoneId} holds ${name}, and ${domain} does not belong to it`);
  return faults;
}

/** Records that already exist under this stage's names, or would lead visitors elsewhere. */
async function recordFaults(route53, settings, stage) {
  const faults = [];
  for (const name of names(settings, stage)) {
    for (const record of await recordsAt(route53, settings.hostedZoneId, name))
      if (!new RegExp(`^sluice-${stage}-([0-9]|proxies|alb)$`).test(record.SetIdentifier ?? ''))
        faults.push(fault(name, record));
      else if (record.SetIdentifier.endsWith('-alb') && record.Weight > 0 && !settings.alb)
        faults.push(stillUsed(name, record));
  }
  return faults;
}

const fault = (name, { Type, AliasTarget, ResourceRecords = [] }) => {
  const target = AliasTarget?.DNSName ?? ResourceRecords.map(({ Value }) => Value).join(', ');
  return (
    `dns: ${name} has a record of type ${Type} already, which leads to ${target}; delete it first, or deploy with` +
    ' `dns: none` and switch it afterwards (README: Beside a load balancer)'
  );
};

const stillUsed = (name, { Weight }) =>
  `alb: ${name} leads ${Weight} of 100 visitors to the load balancer, and would until it is gone; deploy with \`alb: true\`` +
  ' and `albPercent: 0` first, and wait until it gets no requests any more (docs/way-up.md)';

/** Route 53 lists names in order, from the requested one; all types of a name fit on one page. */
async function recordsAt(route53, HostedZoneId, name) {
  const command = new ListResourceRecordSetsCommand({ HostedZoneId, StartRecordName: name, MaxItems: 100 });
  const { ResourceRecordSets } = await route53.send(command);
  return ResourceRecordSets.filter(({ Name, Type }) => plain(Name) === name && ['A', 'AAAA', 'CNAME'].includes(Type));
}

/** The usual form of a name: Route 53 ends names with a dot and writes `*` as `\052`. */
const plain = (name) => name.replace(/\.$/, '').replace('\\052', '*');

module.exports = { zoneFaults, recordFaults, plain };

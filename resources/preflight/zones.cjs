// Whether the hosted zone can take the records and the challenges, and whether public DNS leads to it.
const { Resolver } = require('node:dns/promises');
const { GetHostedZoneCommand, ListResourceRecordSetsCommand } = require('@aws-sdk/client-route-53');

const { names } = require('../dns.cjs');
const { unanswered } = require('./refusals.cjs');

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

async function recordFaults(route53, settings, stage) {
  const faults = [];
  for (const name of names(settings, stage)) {
    for (const record of await recordsAt(route53, settings.hostedZoneId, name))
      if (!new RegExp(`^sluice-${stage}-([0-9]|proxies|alb)$`).test(record.SetIdentifier ?? ''))
        faults.push(taken(name, record));
      else if (record.SetIdentifier.endsWith('-alb') && record.Weight > 0 && !settings.alb)
        faults.push(stillUsed(name, record));
  }
  return faults;
}

const taken = (name, { Type, AliasTarget, ResourceRecords = [] }) => {
  const target = AliasTarget?.DNSName ?? ResourceRecords.map(({ Value }) => Value).join(', ');
  return (
    `dns: ${name} has a record of type ${Type} already, which leads to ${target}; delete it first, or deploy with` +
    ' `dns: none` and switch it afterwards (docs/adopting.md)'
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

/** @param via a resolver, `address:port`, instead of the system's; renew knows it by the same name */
function resolver(via = process.env.SLUICE_RESOLVER) {
  const dns = new Resolver({ timeout: 2_000, tries: 2 });
  if (via) dns.setServers([via]);
  return dns;
}

const answers = (asked, what) =>
  asked.catch((error) => {
    if (['ENODATA', 'ENOTFOUND'].includes(error.code)) return [];
    throw unanswered(`DNS did not return ${what} (${error.code})`, error);
  });

async function delegationFaults(route53, dns, Id, { hostedZoneId }) {
  try {
    return await zoneDelegation(dns, await route53.send(new GetHostedZoneCommand({ Id })));
  } catch (error) {
    if (error.name !== 'NoSuchHostedZone') throw error;
    // The check of the domain's records reports a missing zone of the domain itself.
    if (Id === hostedZoneId) return [];
    return [`challengeZones: this account has no hosted zone ${Id}; \`aws route53 list-hosted-zones\` lists them`];
  }
}

async function zoneDelegation(dns, { HostedZone, DelegationSet }) {
  const own = (DelegationSet?.NameServers ?? []).map(plain);
  // A private zone has no delegation.
  if (own.length === 0) return [];
  const [name, id] = [plain(HostedZone.Name), HostedZone.Id.replace('/hostedzone/', '')];
  const shown = await answers(dns.resolveNs(name), `the name servers of ${name}`);
  if (shown.some((server) => own.includes(server.toLowerCase())) || (await sameAddress(dns, own, shown))) return [];
  return [
    `hosted zone ${id}: by public DNS ${name} has ${shown.length > 0 ? `the name servers ${shown.join(', ')}` : 'no name servers'}, so no` +
      ` certificate can be issued. Enter those of ${id} at the registrar, or in the zone above: ${own.join(', ')}; public DNS may take hours to show it`,
  ];
}

/** The owner may have named AWS's name servers differently, so their addresses count. */
async function sameAddress(dns, own, shown) {
  const addresses = async (names) =>
    (await Promise.all(names.map((name) => answers(dns.resolve4(name), `the address of ${name}`)))).flat();
  if (shown.length === 0) return false;
  const [ours, theirs] = await Promise.all([addresses(own), addresses(shown)]);
  return theirs.some((address) => ours.includes(address));
}

/** Let's Encrypt's name; that of another directory is unknown here, so it is not checked. */
const issuer = 'letsencrypt.org';

async function caaFaults(dns, { acmeDirectory, certificates }) {
  if (!['production', 'staging'].includes(acmeDirectory)) return [];
  const known = new Map();
  const at = (name) => {
    if (!known.has(name)) known.set(name, answers(dns.resolveCaa(name), `the CAA records of ${name}`));
    return known.get(name);
  };
  const names = [...new Set(certificates.flat())];
  const found = await Promise.all(
    names.map(async (name) => ({ name, ...(await nearest(at, name.replace(/^\*\./, ''))) })),
  );
  return found.filter(({ name, records }) => !admits(records, name.startsWith('*.'))).map(caaFault);
}

/** Finds the nearest name, from here upwards, that has CAA records; only its records count. */
async function nearest(at, where) {
  const records = await at(where);
  const above = where.slice(where.indexOf('.') + 1);
  return records.length > 0 || !where.includes('.') ? { where, records } : nearest(at, above);
}

/** `issuewild` counts for wildcards; without it, and for all other names, `issue` counts. */
function admits(records, isWildcard) {
  const valuesOf = (property) => records.map((record) => record[property]).filter((value) => value !== undefined);
  const wild = isWildcard ? valuesOf('issuewild') : [];
  const values = wild.length > 0 ? wild : valuesOf('issue');
  return values.length === 0 || values.some((value) => value.split(';', 1)[0].trim().toLowerCase() === issuer);
}

const caaFault = ({ name, where }) =>
  `CAA records of ${where} do not let ${issuer} issue for ${name}: add \`0 ${name.startsWith('*.') ? 'issuewild' : 'issue'}` +
  ` "${issuer}"\` there`;

module.exports = { caaFaults, delegationFaults, recordFaults, resolver, zoneFaults };

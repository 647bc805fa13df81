// Checks that the public DNS delegates to the hosted zones; otherwise no visitor finds the domain, and no certificate can be ordered.
const { Resolver } = require('node:dns/promises');
const { GetHostedZoneCommand } = require('@aws-sdk/client-route-53');

const { plain } = require('./dns.cjs');
const { unanswered } = require('./refusals.cjs');

/** @param via a resolver, `address:port`, instead of the system's; renew knows it by the same name */
function resolver(via = process.env.SLUICE_RESOLVER) {
  const dns = new Resolver({ timeout: 2_000, tries: 2 });
  if (via) dns.setServers([via]);
  return dns;
}

/** Returns the DNS answer, which may be empty. */
const answers = (asked, what) =>
  asked.catch((error) => {
    if (['ENODATA', 'ENOTFOUND'].includes(error.code)) return [];
    throw unanswered(`DNS does not tell ${what} (${error.code})`, error);
  });

/** @returns a fault if other name servers answer for the hosted zone */
async function delegationFaults(route53, dns, Id, { hostedZoneId }) {
  try {
    return await zoneFaults(dns, await route53.send(new GetHostedZoneCommand({ Id })));
  } catch (error) {
    if (error.name !== 'NoSuchHostedZone') throw error;
    // The check of the domain's records reports a missing zone of the domain itself.
    if (Id === hostedZoneId) return [];
    return [`challengeZones: this account has no hosted zone ${Id}; \`aws route53 list-hosted-zones\` lists them`];
  }
}

async function zoneFaults(dns, { HostedZone, DelegationSet }) {
  const own = (DelegationSet?.NameServers ?? []).map(plain);
  // A private zone has no delegation.
  if (own.length === 0) return [];
  const [name, id] = [plain(HostedZone.Name), HostedZone.Id.replace('/hostedzone/', '')];
  const shown = await answers(dns.resolveNs(name), `the name servers of ${name}`);
  if (shown.some((server) => own.includes(server.toLowerCase())) || (await sameAddress(dns, own, shown))) return [];
  return [
    `hosted zone ${id}: by public DNS ${name} has ${shown.length > 0 ? `the name servers ${shown.join(', ')}` : 'no name servers'}, so no` +
      ` certificate can be had. Enter those of ${id} at the registrar, or in the zone above: ${own.join(', ')}; the world may take hours to see it`,
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

module.exports = { resolver, answers, delegationFaults };

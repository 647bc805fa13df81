// Records. The proxies' addresses belong to a name of their own; the domain and its wildcard are aliases of it, and the domain of the
// load balancer too. They are weighted, because a weight changes in place: another routing policy could not be set without a gap.
const proxiesName = (stage, domain) => `sluice-${stage}.${domain}`;

const health = (slot) => ({
  Type: 'AWS::Route53::HealthCheck',
  Properties: {
    HealthCheckConfig: {
      // A connection is enough: a proxy answers 404 to hosts that it does not know.
      Type: 'TCP',
      Port: 443,
      IPAddress: { Ref: `ProxyAddress${slot}` },
      RequestInterval: 30,
      FailureThreshold: 3,
    },
  },
});

/** Multivalue: clients get the addresses of all proxies that answer, and try another when one does not. */
const address = (settings, stage, slot) => ({
  Type: 'AWS::Route53::RecordSet',
  Properties: {
    HostedZoneId: settings.hostedZoneId,
    Name: proxiesName(stage, settings.domain),
    Type: 'A',
    TTL: '60',
    MultiValueAnswer: true,
    SetIdentifier: `sluice-${stage}-${slot}`,
    ResourceRecords: [{ Ref: `ProxyAddress${slot}` }],
    HealthCheckId: { Ref: `ProxyHealth${slot}` },
  },
});

/** @param Weight of 100; with 0 it gets no visitors, unless every other record is unhealthy. */
const alias = (settings, Name, SetIdentifier, Weight, target, DependsOn) => ({
  Type: 'AWS::Route53::RecordSet',
  DependsOn,
  Properties: {
    HostedZoneId: settings.hostedZoneId,
    Name,
    Type: 'A',
    SetIdentifier,
    Weight,
    AliasTarget: { ...target, EvaluateTargetHealth: true },
  },
});

const toProxies = (settings, stage, name, weight) =>
  alias(
    settings,
    name,
    `sluice-${stage}-proxies`,
    weight,
    { DNSName: proxiesName(stage, settings.domain), HostedZoneId: settings.hostedZoneId },
    // Route 53 refuses an alias of a name that does not exist.
    settings.slots.map((slot) => `ProxyRecord${slot}`),
  );

/** Only for the domain: only the proxies know the services under the wildcard. */
const toLoadBalancer = (settings, stage) =>
  alias(
    settings,
    settings.domain,
    `sluice-${stage}-alb`,
    settings.albPercent,
    {
      DNSName: { 'Fn::GetAtt': ['LoadBalancer', 'DNSName'] },
      HostedZoneId: { 'Fn::GetAtt': ['LoadBalancer', 'CanonicalHostedZoneID'] },
    },
    // Created after its targets answer, and deleted before they go: no visitor is led to nothing.
    'HelloWorldService',
  );

const records = (settings, stage) => ({
  ...Object.fromEntries(
    settings.slots.flatMap((slot) => [
      [`ProxyHealth${slot}`, health(slot)],
      [`ProxyRecord${slot}`, address(settings, stage, slot)],
    ]),
  ),
  ApexRecord: toProxies(settings, stage, settings.domain, 100 - settings.albPercent),
  ...(settings.alb && { ApexAlbRecord: toLoadBalancer(settings, stage) }),
  ...(settings.dns === 'apex+wildcard' && { WildcardRecord: toProxies(settings, stage, `*.${settings.domain}`, 100) }),
});

const names = ({ dns, domain }, stage) => [
  ...(dns === 'none' ? [] : [domain, proxiesName(stage, domain)]),
  ...(dns === 'apex+wildcard' ? [`*.${domain}`] : []),
];

module.exports = async ({ resolveVariable }) => {
  const settings = await resolveVariable('self:custom.settings');
  const stage = await resolveVariable('sls:stage');
  return { Resources: settings.dns === 'none' ? {} : records(settings, stage) };
};
module.exports.names = names;

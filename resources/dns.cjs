// Records. A name of the proxies' own has their addresses; the domain and its wildcard are aliases of it, and the domain of the
// load balancer too. They are weighted, for a weight changes in place: no name gets another routing policy without a gap.
const proxiesName = (stage, domain) => `sluice-${stage}.${domain}`;

const health = (slot) => ({
  Type: 'AWS::Route53::HealthCheck',
  Properties: {
    HealthCheckConfig: {
      // A proxy answers 404 to hosts that it does not know: whether it answers at all is what counts.
      Type: 'TCP',
      Port: 443,
      IPAddress: { Ref: `ProxyAddress${slot}` },
      RequestInterval: 30,
      FailureThreshold: 3,
    },
  },
});

/** Multivalue: who asks gets the addresses of all proxies that answer, and tries another when one is silent. */
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

/** @param Weight of 100; 0 gets nobody, unless every other is unhealthy. */
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
    // Route 53 takes no alias of a name that it does not know.
    settings.slots.map((slot) => `ProxyRecord${slot}`),
  );

/** The domain's alone: under the wildcard are services that only the proxies know. */
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
    // Nobody is led there before its targets answer, nor after they have gone.
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

/** Every name that gets records. */
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

// Records that lead to the proxies. Multivalue, also for one: a simple record could not become one of several in place.
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

const record = (zone, name, stage, slot) => ({
  Type: 'AWS::Route53::RecordSet',
  Properties: {
    HostedZoneId: zone,
    Name: name,
    Type: 'A',
    TTL: '60',
    MultiValueAnswer: true,
    SetIdentifier: `sluice-${stage}-${slot}`,
    ResourceRecords: [{ Ref: `ProxyAddress${slot}` }],
    HealthCheckId: { Ref: `ProxyHealth${slot}` },
  },
});

/** The names that get records, by the logical id's first part. */
const names = ({ dns, domain }) => ({
  ...(dns !== 'none' && { Apex: domain }),
  ...(dns === 'apex+wildcard' && { Wildcard: `*.${domain}` }),
});

module.exports = async ({ resolveVariable }) => {
  const stage = await resolveVariable('sls:stage');
  const settings = await resolveVariable('self:custom.settings');
  const named = Object.entries(names(settings));
  const resources = settings.slots.flatMap((slot) =>
    named.length === 0
      ? []
      : [
          [`ProxyHealth${slot}`, health(slot)],
          ...named.map(([id, name]) => [`${id}Record${slot}`, record(settings.hostedZoneId, name, stage, slot)]),
        ],
  );
  return { Resources: Object.fromEntries(resources) };
};
module.exports.names = names;

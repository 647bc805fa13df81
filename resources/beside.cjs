// Beside existing services: one rule in each named security group admits the proxies. Nothing else of it changes.
const rule = (group) => ({
  Type: 'AWS::EC2::SecurityGroupIngress',
  Properties: {
    Description: 'Requests and health checks of the proxies',
    GroupId: group,
    SourceSecurityGroupId: { 'Fn::GetAtt': ['ProxySecurityGroup', 'GroupId'] },
    // All ports: services choose theirs, and Docker assigns others on a host.
    IpProtocol: 'tcp',
    FromPort: 0,
    ToPort: 65535,
  },
});

module.exports = async ({ resolveVariable }) => {
  const groups = await resolveVariable('self:custom.settings.taskSecurityGroupIds');
  // Named after the group, so that another order of the groups replaces no rule.
  return {
    Resources: Object.fromEntries(groups.map((group) => [`ProxiesInto${group.replace('-', '')}`, rule(group)])),
  };
};

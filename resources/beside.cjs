// Beside what is already there: one rule in each security group that was named lets the proxies in. Nothing else of it is touched.
const rule = (group) => ({
  Type: 'AWS::EC2::SecurityGroupIngress',
  Properties: {
    Description: 'Requests and health checks of the proxies',
    GroupId: group,
    SourceSecurityGroupId: { 'Fn::GetAtt': ['ProxySecurityGroup', 'GroupId'] },
    // Services choose their ports, and a host gives out others.
    IpProtocol: 'tcp',
    FromPort: 0,
    ToPort: 65535,
  },
});

module.exports = async ({ resolveVariable }) => {
  const groups = await resolveVariable('self:custom.settings.taskSecurityGroupIds');
  // Named after the group, so that a change of their order replaces no rule.
  return {
    Resources: Object.fromEntries(groups.map((group) => [`ProxiesInto${group.replace('-', '')}`, rule(group)])),
  };
};

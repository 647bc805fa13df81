// The clusters as CloudFormation needs them: names for the function, ARNs for rules and policies.
const arn = (path) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:ecs:\${AWS::Region}:\${AWS::AccountId}:${path}` });
const names = ({ resolveVariable }) => resolveVariable('self:custom.settings.clusters');

module.exports.names = async (sls) => (await names(sls)).join(',');
module.exports.arns = async (sls) => (await names(sls)).map((name) => arn(`cluster/${name}`));
module.exports.contents = async (sls) =>
  (await names(sls)).flatMap((name) =>
    ['task', 'service', 'container-instance'].map((kind) => arn(`${kind}/${name}/*`)),
  );

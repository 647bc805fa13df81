// The `clusters` setting as CloudFormation needs it: names for the function, ARNs for rules and policies.
const names = async ({ resolveVariable }) => {
  const setting = await resolveVariable('param:clusters');
  const list = Array.isArray(setting)
    ? setting
    : String(setting)
        .split(',')
        .map((name) => name.trim());
  const faulty = list.filter((name) => !/^[A-Za-z0-9_-]{1,255}$/.test(name));
  if (list.length === 0 || faulty.length > 0) {
    throw new Error(`param clusters: "${faulty.join('", "')}" is no name of an ECS cluster; give names, not ARNs`);
  }
  return list;
};

const arn = (path) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:ecs:\${AWS::Region}:\${AWS::AccountId}:${path}` });

module.exports.names = async (sls) => (await names(sls)).join(',');
module.exports.arns = async (sls) => (await names(sls)).map((name) => arn(`cluster/${name}`));
module.exports.contents = async (sls) =>
  (await names(sls)).flatMap((name) =>
    ['task', 'service', 'container-instance'].map((kind) => arn(`${kind}/${name}/*`)),
  );

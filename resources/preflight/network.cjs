// What is there already: a cluster, the key of new volumes, and the network. A stage stays in the network of its first deploy,
// because a group keeps its instance when its subnets change.
const {
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  GetEbsDefaultKmsKeyIdCommand,
} = require('@aws-sdk/client-ec2');
const { DescribeClustersCommand } = require('@aws-sdk/client-ecs');

const otherStage = 'it cannot change after the first deploy. Set it back, or deploy another stage';

/** Faults if the settings would move an existing stage to another network. @param resources of the stack, by logical id */
async function networkFaults(ec2, { own, vpcId, vpcCidr }, resources) {
  const [Vpc, group] = [resources.get('Vpc'), resources.get('ProxySecurityGroup')];
  if (own && Vpc) {
    const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [Vpc] }));
    const is = Vpcs[0].CidrBlock;
    return is === network(vpcCidr) ? [] : [`vpcCidr: the stage's network is ${is}, not ${vpcCidr}; ${otherStage}`];
  }
  if (Vpc) return [`vpcId: the stage has a network of its own, ${Vpc}, and no vpcId; ${otherStage}`];
  if (!group) return [];
  const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [group] }));
  const is = SecurityGroups[0].VpcId;
  return is === vpcId ? [] : [`vpcId: the stage is in ${is}, not ${vpcId ?? 'in a network of its own'}; ${otherStage}`];
}

/** A range as AWS stores it: without the host bits. */
function network(range) {
  const [address, length] = range.split('/');
  const bits = address.split('.').reduce((all, part) => all * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(length));
  const first = Math.floor(bits / size) * size;
  return `${[24, 16, 8, 0].map((shift) => (first >>> shift) & 255).join('.')}/${length}`;
}

async function subnetFaults(ec2, { own, vpcId, publicSubnetIds }) {
  if (own) return [];
  const { Subnets } = await ec2.send(
    new DescribeSubnetsCommand({ Filters: [{ Name: 'subnet-id', Values: publicSubnetIds }] }),
  );
  return publicSubnetIds.flatMap((id) => {
    const subnet = Subnets.find(({ SubnetId }) => SubnetId === id);
    if (subnet === undefined) return [`publicSubnetIds: this account has no ${id} in this region`];
    return subnet.VpcId === vpcId ? [] : [`publicSubnetIds: ${id} is in ${subnet.VpcId}, not in ${vpcId}`];
  });
}

/** A cluster that already has the name of the one to create; a removal would delete it. */
async function clusterFaults(ecs, { own, clusters: [name] }, resources) {
  if (!own || resources.has('Cluster')) return [];
  const { clusters } = await ecs.send(new DescribeClustersCommand({ clusters: [name] }));
  if (!clusters?.some(({ status }) => status === 'ACTIVE')) return [];
  return [
    `cluster ${name} exists and is not this stack's: choose another --stage, or deploy beside it (docs/adopting.md); delete it only` +
      ` if no one needs it (\`aws ecs delete-cluster --cluster ${name}\`)`,
  ];
}

/** Only the key's policy and grants say whether it permits that, and few users may read these. So this is a hint, not a fault. */
async function keyHints(ec2) {
  const { KmsKeyId } = await ec2.send(new GetEbsDefaultKmsKeyIdCommand({}));
  if (KmsKeyId === undefined || /(^|:)alias\/aws\/ebs$/.test(KmsKeyId)) return [];
  return [
    `new volumes are encrypted with ${KmsKeyId}: no instance starts unless Auto Scaling's role may use that key.` +
      ` If this deploy says that an instance could not start, cancel it, give the role the key, and deploy again: \`aws kms create-grant --key-id ${KmsKeyId} --grantee-principal` +
      ` arn:aws:iam::${KmsKeyId.split(':')[4] ?? '<account>'}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling --operations` +
      ' Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext DescribeKey CreateGrant`',
  ];
}

module.exports = { clusterFaults, keyHints, networkFaults, subnetFaults };

// The network. A stage stays in the network of its first deploy, because a group keeps its instance when its subnets change.
const { DescribeSecurityGroupsCommand, DescribeSubnetsCommand, DescribeVpcsCommand } = require('@aws-sdk/client-ec2');

const { filter } = require('./filter.cjs');

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

/** Faults for given subnets that do not exist, or are in another network. */
async function subnetFaults(ec2, { own, vpcId, publicSubnetIds }) {
  if (own) return [];
  const { Subnets } = await ec2.send(new DescribeSubnetsCommand({ Filters: filter('subnet-id', publicSubnetIds) }));
  return publicSubnetIds.flatMap((id) => {
    const subnet = Subnets.find(({ SubnetId }) => SubnetId === id);
    if (subnet === undefined) return [`publicSubnetIds: this account has no ${id} in this region`];
    return subnet.VpcId === vpcId ? [] : [`publicSubnetIds: ${id} is in ${subnet.VpcId}, not in ${vpcId}`];
  });
}

module.exports = { networkFaults, subnetFaults };

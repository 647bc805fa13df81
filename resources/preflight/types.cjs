// Instance types that are not offered: no instance would start, and CloudFormation would wait for hours.
const {
  DescribeSubnetsCommand,
  paginateDescribeInstanceTypeOfferings,
  paginateDescribeInstanceTypes,
} = require('@aws-sdk/client-ec2');

/** Each setting and its types: the proxies' type must be offered; of the hosts' types one is enough. */
const wanted = ({ own, proxyInstanceType, taskInstanceTypes }) => [
  ['proxyInstanceType', [proxyInstanceType]],
  ...(own ? [['taskInstanceTypes', taskInstanceTypes]] : []),
];

async function offerFaults(ec2, settings, region) {
  const { own, publicSubnetIds } = settings;
  const zones = own ? [] : await zonesOf(ec2, publicSubnetIds);
  // Another check reports subnets that do not exist.
  if (!own && zones.length === 0) return [];
  const LocationType = own ? 'region' : 'availability-zone';
  const input = {
    LocationType,
    Filters: [{ Name: 'instance-type', Values: wanted(settings).flatMap(([, types]) => types) }],
  };
  const offered = new Set();
  for await (const page of paginateDescribeInstanceTypeOfferings({ client: ec2 }, input))
    for (const { InstanceType, Location } of page.InstanceTypeOfferings ?? [])
      if (own || zones.includes(Location)) offered.add(InstanceType);
  const there = own ? '' : ` --location-type availability-zone --filters Name=location,Values=${zones.join(',')}`;
  const where = own ? region : `the zones of publicSubnetIds (${zones.join(', ')})`;
  return wanted(settings)
    .filter(([, types]) => !types.some((type) => offered.has(type)))
    .map(
      ([setting, types]) =>
        `${setting}: there is no ${types.join(', ')} in ${where}; \`aws ec2 describe-instance-type-offerings${there}` +
        ` --query "InstanceTypeOfferings[].InstanceType"\` lists what there is`,
    );
}

async function zonesOf(ec2, ids) {
  const { Subnets } = await ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name: 'subnet-id', Values: ids }] }));
  return [...new Set(Subnets.map(({ AvailabilityZone }) => AvailabilityZone))];
}

async function described(ec2, Filters) {
  const found = new Map();
  for await (const { InstanceTypes } of paginateDescribeInstanceTypes({ client: ec2 }, { Filters }))
    for (const type of InstanceTypes ?? []) found.set(type.InstanceType, type);
  return found;
}

async function freePlanFaults(ec2, settings, accountPlan) {
  if ((await accountPlan()) !== 'FREE') return [];
  const eligible = await described(ec2, [{ Name: 'free-tier-eligible', Values: ['true'] }]);
  return wanted(settings).flatMap(([setting, types]) => {
    const refused = types.filter((type) => !eligible.has(type));
    if (refused.length === 0) return [];
    return [
      `${setting}: this account is on AWS's free plan, which has no ${refused.join(', ')}; use` +
        ` ${instead(types[0], eligible) || 'another type'}, or upgrade the account (\`aws freetier upgrade-account-plan --account-plan-type PAID\`)`,
    ];
  });
}

/** No source says whether the free plan has Spot; an instance that never comes would delay the deploy. */
async function spotHints({ own, taskCapacity }, accountPlan) {
  if (!own || taskCapacity !== 'spot' || (await accountPlan().catch(() => undefined)) !== 'FREE') return [];
  return [
    "taskCapacity: spot: this account is on AWS's free plan, which may have no Spot; `taskCapacity: on-demand` is safe",
  ];
}

/** Types of the same family, which have the same processor. */
const instead = (type, eligible) =>
  [...eligible.keys()].filter((each) => each.split('.', 1)[0] === type.split('.', 1)[0]).join(', ');

module.exports = { described, offerFaults, freePlanFaults, spotHints };

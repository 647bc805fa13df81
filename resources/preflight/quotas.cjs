// Quotas of the account that this deploy's new resources would exceed.
const { DescribeAddressesCommand, DescribeVpcsCommand, paginateDescribeInstances } = require('@aws-sdk/client-ec2');

const { described } = require('./types.cjs');

/** Codes of quotas, the same in every account (AWS: Service Quotas). */
const codes = {
  addresses: ['ec2', 'L-0263D0A3'],
  networks: ['vpc', 'L-F678F1CE'],
  onDemand: ['ec2', 'L-1216C47A'],
  spot: ['ec2', 'L-34B43A08'],
};

async function fault(quota, [service, code], { of, more, used }) {
  if (more === 0) return [];
  const [most, has] = [await quota(service, code), await used()];
  if (has + more <= most) return [];
  return [
    `quota of ${of}: this deploy needs ${more} more, and the account has ${has} of ${most} in this region; free some, or ask for more` +
      ` (\`aws service-quotas request-service-quota-increase --service-code ${service} --quota-code ${code}` +
      ` --desired-value ${has + more}\`)`,
  ];
}

const newSlots = ({ slots }, resources) => slots.filter((slot) => !resources.has(`ProxyAddress${slot}`)).length;

const addressFaults = (ec2, quota, settings, resources) =>
  fault(quota, codes.addresses, {
    of: 'Elastic IP addresses',
    more: newSlots(settings, resources),
    used: async () => (await ec2.send(new DescribeAddressesCommand({}))).Addresses.length,
  });

const networkQuotaFaults = (ec2, quota, { own }, resources) =>
  fault(quota, codes.networks, {
    of: 'VPCs',
    more: own && !resources.has('Vpc') ? 1 : 0,
    used: async () => (await ec2.send(new DescribeVpcsCommand({}))).Vpcs.length,
  });

/** Types that these two quotas count; other types have other quotas. */
const isStandard = (type) => /^(a|c|d|h|i|m|r|t|z)\d/.test(type);

/** vCPUs of the proxies, and of the one task host that a first deploy starts. */
async function processorFaults(ec2, quota, settings, resources) {
  const { own, taskCapacity, taskInstanceTypes, proxyInstanceType } = settings;
  const hosts = own && !resources.has('TaskHosts') ? taskInstanceTypes : [];
  const proxies = newSlots(settings, resources);
  if (proxies + hosts.length === 0) return [];
  const types = await described(ec2, [{ Name: 'instance-type', Values: [proxyInstanceType, ...hosts] }]);
  const count = (type) => (isStandard(type) ? (types.get(type)?.VCpuInfo.DefaultVCpus ?? 0) : 0);
  const host = hosts.length > 0 ? Math.min(...hosts.map(count)) : 0;
  const proxy = proxies * count(proxyInstanceType);
  const kinds = [
    ['onDemand', 'on-demand vCPUs', proxy + (taskCapacity === 'on-demand' ? host : 0), false],
    ['spot', 'Spot vCPUs', taskCapacity === 'spot' ? host : 0, true],
  ];
  const found = kinds.map(([kind, of, more, spot]) =>
    fault(quota, codes[kind], { of, more, used: () => running(ec2, spot) }),
  );
  return (await Promise.all(found)).flat();
}

async function running(ec2, spot) {
  let sum = 0;
  const input = { Filters: [{ Name: 'instance-state-name', Values: ['pending', 'running'] }] };
  for await (const { Reservations } of paginateDescribeInstances({ client: ec2 }, input))
    for (const instance of (Reservations ?? []).flatMap(({ Instances }) => Instances ?? []))
      if (isStandard(instance.InstanceType) && (instance.InstanceLifecycle === 'spot') === spot)
        sum += (instance.CpuOptions?.CoreCount ?? 1) * (instance.CpuOptions?.ThreadsPerCore ?? 1);
  return sum;
}

module.exports = { addressFaults, networkQuotaFaults, processorFaults };

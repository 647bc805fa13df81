// All checks before a deploy.
const { EC2Client } = require('@aws-sdk/client-ec2');
const { ECSClient } = require('@aws-sdk/client-ecs');
const { Route53Client } = require('@aws-sdk/client-route-53');

const { account } = require('./account.cjs');
const { clusterFaults, keyHints, networkFaults, subnetFaults } = require('./network.cjs');
const { addressFaults, networkQuotaFaults, processorFaults } = require('./quotas.cjs');
const { freePlanFaults, offerFaults, spotHints } = require('./types.cjs');
const { caaFaults, delegationFaults, recordFaults, resolver, zoneFaults } = require('./zones.cjs');

/**
 * @param resources of the stack, by logical id: those that exist need no quota
 * @param insists whether the user passed `--force`: this machine may see another DNS than the public one
 */
function looks({ config, settings, stage, resources, insists }) {
  const [ec2, ecs, route53] = [EC2Client, ECSClient, Route53Client].map((Client) => new Client(config));
  const { quota, plan } = account(config);
  const accountPlan = once(plan);
  const dns = resolver();
  const first = !resources.has('ProxyGroup1');
  const stopsByDns = first && !insists;
  const zones = [...new Set([settings.hostedZoneId, ...settings.challengeZones])];
  const certificates = [
    ...zones.map((id) => [`the delegation of hosted zone ${id}`, () => delegationFaults(route53, dns, id, settings)]),
    ['CAA records', () => caaFaults(dns, settings)],
  ];
  return {
    stopping: [
      ['the hosted zone and its records', () => zoneAndRecords(route53, settings, stage)],
      ['the network of the stage', () => networkFaults(ec2, settings, resources)],
      ['the subnets', () => subnetFaults(ec2, settings)],
      ['the cluster', () => clusterFaults(ecs, settings, resources)],
      ['whether the instance types are offered', () => offerFaults(ec2, settings, config.region)],
      ['the plan of the account', () => freePlanFaults(ec2, settings, accountPlan)],
      ['the quota of addresses', () => addressFaults(ec2, quota, settings, resources)],
      ['the quota of networks', () => networkQuotaFaults(ec2, quota, settings, resources)],
      ['the quotas of vCPUs', () => processorFaults(ec2, quota, settings, resources)],
      ...(stopsByDns ? certificates.map(orForce) : []),
    ],
    // Hints: these may be no faults, or do not matter to a stage that is already served.
    telling: [
      ...(first ? [['the key of new volumes', () => keyHints(ec2)]] : []),
      ...(first ? [['Spot', () => spotHints(settings, accountPlan)]] : []),
      ...(stopsByDns ? [] : certificates),
    ],
  };
}

const orForce = ([what, look]) => [
  what,
  async () =>
    (await look()).map((each) => `${each}. If public DNS differs from what this machine sees, deploy with --force`),
];

async function zoneAndRecords(route53, settings, stage) {
  const faults = await zoneFaults(route53, settings);
  return faults.length > 0 ? faults : recordFaults(route53, settings, stage);
}

const once = (ask) => {
  let asked;
  return () => {
    asked ??= ask();
    return asked;
  };
};

module.exports = { looks };

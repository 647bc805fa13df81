// Before a removal: what would let it hang half done.
const { CloudFormationClient } = require('@aws-sdk/client-cloudformation');
const { ECSClient, paginateListServices } = require('@aws-sdk/client-ecs');

const { lookAt, stop } = require('./asking.cjs');
const { busyFaults, settled } = require('./stack.cjs');

async function before({ settings, stack, region, config, say, warn, pauseMs }) {
  const services = () => (settings.own ? foreignServices(new ECSClient(config), settings.clusters[0]) : []);
  // A removal first empties the bucket; a rollback that still runs reads the functions from it.
  const status = async () => busyFaults(await settled(new CloudFormationClient(config), stack, say, pauseMs), stack);
  const looks = [
    ['the services in the cluster', services],
    ['the stack', status],
  ];
  const { faults, unseen } = await lookAt(looks, region);
  warn(unseen);
  if (faults.length > 0) throw stop(faults);
}

/** Services that must be deleted before the stack: with them the cluster cannot be deleted, and the removal would hang half done. */
async function foreignServices(ecs, cluster) {
  const found = [];
  try {
    for await (const { serviceArns } of paginateListServices({ client: ecs }, { cluster })) found.push(...serviceArns);
  } catch (error) {
    if (error.name === 'ClusterNotFoundException') return [];
    throw error;
  }
  const foreign = found.map((arn) => arn.split('/').at(-1)).filter((name) => name !== 'hello-world');
  if (foreign.length === 0) return [];
  return [
    `cluster ${cluster} still runs ${foreign.join(', ')}: delete each` +
      ` (\`aws ecs delete-service --force --cluster ${cluster} --service …\`), then remove again`,
  ];
}

module.exports = { before };

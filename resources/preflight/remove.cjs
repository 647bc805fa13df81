// Before a removal: finds what would make it hang half done.
const { CloudFormationClient } = require('@aws-sdk/client-cloudformation');
const { ECSClient } = require('@aws-sdk/client-ecs');

const { lookAt } = require('./asking.cjs');
const { foreignServices } = require('./cluster.cjs');
const { stop } = require('./leave.cjs');
const { busyFaults, settled } = require('./stack.cjs');

/** @throws one error for all faults */
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

module.exports = { before };

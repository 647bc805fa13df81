// Before a deploy: the terms, the stack, then everything else at once.
const { CloudFormationClient } = require('@aws-sdk/client-cloudformation');
const { IAMClient } = require('@aws-sdk/client-iam');

const { lookAt } = require('./asking.cjs');
const { stop } = require('./leave.cjs');
const { looks } = require('./looks.cjs');
const { createServiceRoles } = require('./roles.cjs');
const { mustDeploy, resourcesOf, settled, statusFaults } = require('./stack.cjs');

const terms =
  'acceptTerms: read https://letsencrypt.org/repository/ and set it to true: without it no certificate can be had';

/** For a stack that may not be read: every resource counts as existing. */
const unknown = { has: () => true, get: () => undefined };

/** @throws one error for all faults */
async function before(world) {
  const { settings, region, config, warn } = world;
  if (!settings.acceptTerms) throw stop([terms]);
  world.resources = unknown;
  // Read before `force` is set for the packager.
  world.insists = world.options.force === true;
  const stack = await lookAt([['the stack', () => stackFaults(world)]], region);
  warn(stack.unseen);
  if (stack.faults.length > 0) throw stop(stack.faults);
  const { stopping, telling } = looks(world);
  const [standing, hints] = await Promise.all([lookAt(stopping, region), lookAt(telling, region)]);
  warn([...standing.unseen, ...hints.unseen, ...hints.faults]);
  if (standing.faults.length > 0) throw stop(standing.faults);
  const roles = () => createServiceRoles(new IAMClient(config), settings);
  warn((await lookAt([['the roles in which AWS itself works', roles]], region, 'not created')).unseen);
}

/** Waits until the stack no longer changes, keeps the list of its resources, and makes the packager deploy. */
async function stackFaults(world) {
  const { config, stack, stage, say, options, pauseMs } = world;
  const cloudformation = new CloudFormationClient(config);
  const status = await settled(cloudformation, stack, say, pauseMs);
  const faults = statusFaults(status, stack, stage);
  if (faults.length > 0) return faults;
  world.resources = status === undefined ? new Map() : await resourcesOf(cloudformation, stack);
  if (mustDeploy(status)) options.force = true;
  return [];
}

module.exports = { before };

// Before a deploy: the terms, the stack, then everything else at once. At its end: where the stage is, and what to do next.
const { CloudFormationClient } = require('@aws-sdk/client-cloudformation');
const { DescribeAddressesCommand, EC2Client } = require('@aws-sdk/client-ec2');
const { CreateServiceLinkedRoleCommand, IAMClient } = require('@aws-sdk/client-iam');
const { ListSubscriptionsByTopicCommand, SNSClient } = require('@aws-sdk/client-sns');

const { lookAt, settle, stop } = require('./asking.cjs');
const { looks } = require('./looks.cjs');
const { blocked } = require('./refusals.cjs');
const { mustDeploy, resourcesOf, settled, statusFaults } = require('./stack.cjs');

const terms =
  'acceptTerms: read https://letsencrypt.org/repository/ and set it to true: without it no certificate can be issued';

/** For a stack that may not be read: every resource counts as existing. */
const unknown = { has: () => true, get: () => undefined };

async function before(world) {
  const { settings, region, config, warn } = world;
  if (!settings.acceptTerms) throw stop([terms]);
  world.resources = unknown;
  // Read before `force` is set for the packager.
  world.insists = world.options.force === true;
  const stack = await lookAt([['the stack', () => stackFaults(world)]], region);
  warn(stack.unseen);
  if (stack.faults.length > 0) throw stop(stack.faults);
  const { faults, unseen, hints } = await inspect(world);
  warn([...unseen, ...hints]);
  if (faults.length > 0) throw stop(faults);
  const roles = () => createServiceRoles(new IAMClient(config), settings);
  warn((await lookAt([['the roles of AWS services', roles]], region, 'not created')).unseen);
}

/** All checks at once; changes nothing. @param world whose `resources` are known */
async function inspect(world) {
  const { stopping, telling } = looks(world);
  const [standing, hints] = await settle([lookAt(stopping, world.region), lookAt(telling, world.region)]);
  return { faults: standing.faults, unseen: [...standing.unseen, ...hints.unseen], hints: hints.faults };
}

/**
 * What would stop a deploy of this stage now, what could not be checked, and hints. Changes nothing, and waits for nothing. Keeps the list
 * of the stack's resources in `world`.
 */
async function check(world) {
  const { settings, region, config, stack, stage } = world;
  const cloudformation = new CloudFormationClient(config);
  world.resources = unknown;
  const waits = [];
  const ofStack = async () => {
    const status = await settled(cloudformation, stack, (words) => waits.push(words), 0, 0);
    world.resources = status === undefined ? new Map() : await resourcesOf(cloudformation, stack);
    return waits.length > 0 ? [] : statusFaults(status, stack, stage);
  };
  const seen = await lookAt([['the stack', ofStack]], region);
  const { faults, unseen, hints } = await inspect(world);
  return {
    faults: [...(settings.acceptTerms ? [] : [terms]), ...seen.faults, ...faults],
    unseen: [...seen.unseen, ...unseen],
    hints: [...waits.map((words) => words.replace('waiting until', 'a deploy waits until')), ...hints],
  };
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

/** Creates the missing roles. They cost nothing, belong to the account, and stay after a removal. */
async function createServiceRoles(iam, { own, taskCapacity }) {
  const services = ['autoscaling', ...(own ? ['ecs'] : []), ...(own && taskCapacity === 'spot' ? ['spot'] : [])];
  let failed;
  for (const service of services)
    await iam
      .send(new CreateServiceLinkedRoleCommand({ AWSServiceName: `${service}.amazonaws.com` }))
      .catch((error) => {
        // "has been taken in this account": the role exists.
        if (error.name !== 'InvalidInputException') failed ??= error;
      });
  if (failed) throw failed;
}

/** The deploy is done, so a call that is not permitted here is reported and fails nothing. */
async function lines({ settings, stage, stack, region, config, resources }) {
  const topic = async () => (await resourcesOf(new CloudFormationClient(config), stack)).get('AlarmTopic');
  const looks = [
    ['the addresses', () => where(new EC2Client(config), settings, stage)],
    ['the mail of AWS', async () => mail(new SNSClient(config), await topic(), settings.alarmEmail)],
  ];
  const { faults, unseen } = await lookAt(looks, region).catch((error) => ({
    faults: [],
    unseen: [blocked(error, region) ?? error.stack],
  }));
  const first = resources.has('ProxyGroup1') ? '' : 'the first certificate takes about three minutes; then ';
  return [...faults, ...unseen, `next: ${first}npx sluice status --stage ${stage} --region ${region}`];
}

async function where(ec2, { domain, dns }, stage) {
  const { Addresses } = await ec2.send(
    new DescribeAddressesCommand({ Filters: [{ Name: 'tag:SluiceProxy', Values: [stage] }] }),
  );
  const slot = ({ Tags }) => Tags.find(({ Key }) => Key === 'Name')?.Value.replace(/^.*-/, '') ?? '?';
  const proxies = Addresses.map((address) => `proxy ${slot(address)}: ${address.PublicIp}`).sort();
  const url = `https://${domain}/`;
  const trial = `curl --resolve ${domain}:443:${Addresses[0]?.PublicIp} ${url}`;
  return [dns === 'none' ? `${url} once a record of yours leads there; before that: ${trial}` : url, ...proxies];
}

async function mail(sns, TopicArn, address) {
  if (TopicArn === undefined) return [];
  const { Subscriptions = [] } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
  if (!Subscriptions.some(({ SubscriptionArn }) => SubscriptionArn === 'PendingConfirmation')) return [];
  return [`AWS sent a mail to ${address}: follow its link, otherwise no alarm arrives`];
}

module.exports = { before, check, lines };

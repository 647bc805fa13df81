// The last lines of a deploy: the stage's addresses, and what to do next.
const { CloudFormationClient } = require('@aws-sdk/client-cloudformation');
const { DescribeAddressesCommand, EC2Client } = require('@aws-sdk/client-ec2');
const { ListSubscriptionsByTopicCommand, SNSClient } = require('@aws-sdk/client-sns');

const { lookAt } = require('./asking.cjs');
const { filter } = require('./filter.cjs');
const { blocked } = require('./refusals.cjs');
const { resourcesOf } = require('./stack.cjs');

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
  return [...faults, ...unseen, `next: ${first}npm run status -- --stage ${stage} --region ${region}`];
}

/** The URL of the stage, and the address of each proxy. */
async function where(ec2, { domain, dns }, stage) {
  const { Addresses } = await ec2.send(new DescribeAddressesCommand({ Filters: filter('tag:SluiceProxy', [stage]) }));
  const slot = ({ Tags }) => Tags.find(({ Key }) => Key === 'Name')?.Value.replace(/^.*-/, '') ?? '?';
  const proxies = Addresses.map((address) => `proxy ${slot(address)}: ${address.PublicIp}`).sort();
  const url = `https://${domain}/`;
  const trial = `curl --resolve ${domain}:443:${Addresses[0]?.PublicIp} ${url}`;
  return [dns === 'none' ? `${url} once a record of yours leads there; before that: ${trial}` : url, ...proxies];
}

/** A line if the link in AWS's mail has not been followed yet. */
async function mail(sns, TopicArn, address) {
  if (TopicArn === undefined) return [];
  const { Subscriptions = [] } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
  if (!Subscriptions.some(({ SubscriptionArn }) => SubscriptionArn === 'PendingConfirmation')) return [];
  return [`AWS sent a mail to ${address}: follow its link, or no alarm reaches anybody`];
}

module.exports = { lines };

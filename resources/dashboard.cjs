// One page in CloudWatch of what is measured already: alarms, entrance, proxies, functions and queue.
const { megabits } = require('./limits.cjs');

/** By the names that resources/alarms.yml gives them. */
const alarms = ['entrance', 'certificate', 'push', 'reconcile', 'renew', 'dead-letters', 'cpu-credits'];

/** Most values are measured once a tick (resources/events.yml). */
const period = 300;
const region = '${AWS::Region}';
const arn = (name) => `arn:\${AWS::Partition}:cloudwatch:${region}:\${AWS::AccountId}:alarm:${name}`;

/** A graph: three fit beside each other in the 24 columns of a dashboard. */
const graph = (column, row, title, metrics, more = {}) => ({
  type: 'metric',
  x: 8 * column,
  y: 5 + 6 * row,
  width: 8,
  height: 6,
  properties: { title, region, period, metrics, view: 'timeSeries', yAxis: { left: { min: 0 } }, ...more },
});

/** AWS's format of a metric: namespace, name, dimensions, and how it is shown. */
const metric = (namespace, name, dimensions, stat, label, more = {}) => [
  ...[namespace, name, ...Object.entries(dimensions).flat()],
  { stat, label, ...more },
];

/** What an instance type may send all the time, in bytes of one period. */
const carried = (type) =>
  megabits[type] && {
    annotations: {
      horizontal: [{ label: `${megabits[type]} Mbit/s, all the time`, value: (megabits[type] * 1e6 * period) / 8 }],
    },
  };

function entrance(stage, slots) {
  const own = (name, stat, label, dimensions = {}) => metric(`Sluice/${stage}`, name, dimensions, stat, label);
  return [
    graph(0, 0, 'Addresses that do not answer, and faults', [
      own('Unanswered', 'Maximum', 'addresses without an answer'),
      own('Faults', 'Maximum', 'faults of services and labels'),
    ]),
    graph(1, 0, 'Life left of the shortest certificate, in percent', [own('LifeLeft', 'Minimum', 'life left')]),
    graph(
      ...[2, 0, 'Proxies that took what was published'],
      slots.map((slot) => own('Synced', 'Maximum', `proxy ${slot}`, { Proxy: `${slot}` })),
    ),
  ];
}

function proxies(stage, slots, type) {
  const each = (name, stat, what, more) =>
    slots.map((slot) => {
      const group = { AutoScalingGroupName: `sluice-${stage}-proxy-${slot}` };
      return metric('AWS/EC2', name, group, stat, `${what} ${slot}`, more);
    });
  return [
    graph(0, 1, 'CPU of the proxies, in percent', each('CPUUtilization', 'Average', 'proxy')),
    graph(1, 1, 'CPU credits: left, and charged beyond them', [
      ...each('CPUCreditBalance', 'Minimum', 'left, proxy'),
      ...each('CPUSurplusCreditsCharged', 'Sum', 'charged, proxy', { yAxis: 'right' }),
    ]),
    graph(2, 1, 'Bytes sent in five minutes', each('NetworkOut', 'Sum', 'proxy'), carried(type)),
  ];
}

function functions(stage) {
  const names = ['reconcile', 'renew'];
  const each = (name, stat) =>
    names.map((of) => metric('AWS/Lambda', name, { FunctionName: `sluice-${stage}-${of}` }, stat, of));
  const queue = (name, label) => {
    const Name = `sluice-${stage}-reconcile${label === 'put aside' ? '-dead' : ''}.fifo`;
    return metric('AWS/SQS', name, { QueueName: Name }, 'Maximum', label);
  };
  return [
    graph(0, 2, 'Failed runs', each('Errors', 'Sum')),
    graph(1, 2, 'Longest run, in milliseconds', each('Duration', 'Maximum')),
    graph(2, 2, 'Queue', [
      queue('ApproximateAgeOfOldestMessage', 'age of the oldest message, in seconds'),
      queue('ApproximateNumberOfMessagesVisible', 'put aside'),
    ]),
  ];
}

/** AWS: CloudWatch, dashboard body structure. */
const body = (stage, slots, type) => {
  const status = `npx sluice status --stage ${stage} --region ${region}`;
  const markdown = `**Sluice ${stage}**: \`${status}\` says what is wrong, and what to do.`;
  const names = alarms.map((name) => arn(`sluice-${stage}-${name}`));
  return {
    widgets: [
      { type: 'text', x: 0, y: 0, width: 24, height: 2, properties: { markdown } },
      { type: 'alarm', x: 0, y: 2, width: 24, height: 3, properties: { title: 'Alarms', alarms: names } },
      ...entrance(stage, slots),
      ...proxies(stage, slots, type),
      ...functions(stage),
    ],
  };
};

module.exports = async ({ resolveVariable }) => {
  const stage = await resolveVariable('sls:stage');
  const { slots, proxyInstanceType } = await resolveVariable('self:custom.settings');
  const DashboardBody = { 'Fn::Sub': JSON.stringify(body(stage, slots, proxyInstanceType)) };
  return {
    Resources: {
      Dashboard: {
        Type: 'AWS::CloudWatch::Dashboard',
        Properties: { DashboardName: `sluice-${stage}`, DashboardBody },
      },
    },
  };
};

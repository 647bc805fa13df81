// CloudFormation waits for a group that gets no instance for hours, and says nothing meanwhile. Auto Scaling knows why.
const { AutoScalingClient, DescribeScalingActivitiesCommand } = require('@aws-sdk/client-auto-scaling');

const { located } = require('./region.cjs');

const everyMs = 30_000;

/** Looks at intervals, and when asked, for what failed in the stack's groups since now; each is said once. */
function watch({ config, region, stack, warn, pauseMs = everyMs }) {
  const [client, began, said] = [new AutoScalingClient(config), Date.now(), new Set()];
  const own = new RegExp(`^${stack}-(proxy-[0-9]|TaskHosts-.*)$`);
  const look = async (...advice) => {
    // What may not be looked at, or not now, is no fault of the deploy.
    const { Activities = [] } = await client.send(new DescribeScalingActivitiesCommand({})).catch(() => ({}));
    const failed = Activities.filter(
      ({ AutoScalingGroupName, StatusCode, StartTime }) =>
        own.test(AutoScalingGroupName) && ['Failed', 'Cancelled'].includes(StatusCode) && StartTime >= began - skewMs,
    );
    const words = failed.map(
      ({ AutoScalingGroupName, StatusMessage, Cause, StatusCode }) =>
        `${AutoScalingGroupName} could not start or end an instance: ${StatusMessage ?? Cause ?? StatusCode}`,
    );
    const fresh = [...new Set(words)].filter((each) => !said.has(each));
    for (const each of fresh) said.add(each);
    if (fresh.length > 0) warn([...fresh, ...advice].map((each) => located(each, region)));
  };
  const timer = setInterval(() => look(breakOff(stack)), pauseMs).unref();
  return { look, end: () => clearInterval(timer) };
}

/** By how much this machine's clock may be ahead of AWS's. */
const skewMs = 60_000;

const breakOff = (stack) =>
  `Auto Scaling tries again by itself. If that repeats, break the deploy off: \`aws cloudformation cancel-update-stack --stack-name ${stack}\``;

module.exports = { watch };

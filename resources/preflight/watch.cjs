// CloudFormation waits for hours for a group that gets no instance, and prints nothing meanwhile. Auto Scaling knows why.
const { AutoScalingClient, DescribeScalingActivitiesCommand } = require('@aws-sdk/client-auto-scaling');

const { located } = require('./refusals.cjs');

const everyMs = 30_000;

/** Looks at intervals, and on request, for failures in the stack's groups from now on; prints each once. */
function watch({ config, region, stack, warn, pauseMs = everyMs }) {
  const [client, began, said] = [new AutoScalingClient(config), Date.now(), new Set()];
  const own = new RegExp(`^${stack}-(proxy-[0-9]|TaskHosts-.*)$`);
  const look = async (...advice) => {
    // A look that is not permitted, or fails, is not a fault of the deploy.
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

/** How far this machine's clock may be ahead of AWS's. */
const skewMs = 60_000;

const breakOff = (stack) =>
  `Auto Scaling tries again by itself. If that repeats, cancel the deploy: \`aws cloudformation cancel-update-stack --stack-name ${stack}\``;

module.exports = { watch };

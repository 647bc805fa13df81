// The stack's status: AWS refuses a deploy while the stack still changes, and the packager would skip one after a rollback.
const { setTimeout: sleep } = require('node:timers/promises');
const { DescribeStacksCommand, paginateListStackResources } = require('@aws-sdk/client-cloudformation');

/** These end by themselves; a create or an update may be another user's, and hang. */
const ends = /ROLLBACK_IN_PROGRESS$|CLEANUP_IN_PROGRESS$|^DELETE_IN_PROGRESS$/;
const everyMs = 5_000;
const mostWaits = 360;

/** Waits until the stack no longer changes. Returns its status, or `undefined` if there is no stack. @param say reports the wait */
async function settled(cloudformation, StackName, say, pauseMs = everyMs, most = mostWaits) {
  for (let waits = 0; ; waits++) {
    const status = await statusOf(cloudformation, StackName);
    if (status === undefined || !ends.test(status)) return status;
    if (waits === 0) say(`Stack ${StackName} is in ${status}: waiting until CloudFormation is done …`);
    if (waits >= most) return status;
    await sleep(pauseMs);
  }
}

async function statusOf(cloudformation, StackName) {
  const { Stacks } = await cloudformation.send(new DescribeStacksCommand({ StackName })).catch((error) => {
    if (error.name === 'ValidationError' && /does not exist/.test(error.message)) return { Stacks: [] };
    throw error;
  });
  return Stacks[0]?.StackStatus;
}

/** The stack's resources, by logical id. The packager's first deploy creates a stack that has only its bucket. */
async function resourcesOf(cloudformation, StackName) {
  const found = new Map();
  for await (const page of paginateListStackResources({ client: cloudformation }, { StackName }))
    for (const { LogicalResourceId, PhysicalResourceId, ResourceStatus } of page.StackResourceSummaries ?? [])
      if (PhysicalResourceId && ResourceStatus !== 'DELETE_COMPLETE') found.set(LogicalResourceId, PhysicalResourceId);
  return found;
}

const eventsOf = (name) =>
  `\`aws cloudformation describe-stack-events --stack-name ${name} --query` +
  ` "StackEvents[?ends_with(ResourceStatus,'FAILED')].[LogicalResourceId,ResourceStatusReason]"\``;

function busyFaults(status = '', name = '') {
  const is = `stack ${name} is in ${status}`;
  if (ends.test(status))
    return [`${is} for more than half an hour: ${eventsOf(name)} shows why; try again when it has ended`];
  if (!/^(CREATE|UPDATE|IMPORT)_IN_PROGRESS$/.test(status)) return [];
  const kind = status.split('_', 1)[0].toLowerCase();
  const breakOff =
    kind === 'update' ? `, or cancel it (\`aws cloudformation cancel-update-stack --stack-name ${name}\`)` : '';
  const wait = `\`aws cloudformation wait stack-${kind}-complete --stack-name ${name}\``;
  return [`${is}, by another deploy: wait for its end (${wait})${breakOff}, then try again`];
}

/** A fault if the stack's status permits no deploy, with what to do (AWS: CloudFormation, stack status codes). */
function statusFaults(status, name, stage) {
  const is = `stack ${name} is in ${status}`;
  const anew = `\`npx sluice remove --stage ${stage}\`, then deploy again`;
  if (status === undefined || takes.test(status)) return [];
  if (status === 'REVIEW_IN_PROGRESS') return [`${is}: a change set was created for it and never executed; ${anew}`];
  if (status === 'UPDATE_ROLLBACK_FAILED')
    return [
      `${is}: ${eventsOf(name)} shows what could not be rolled back; correct that, then` +
        ` \`aws cloudformation continue-update-rollback --stack-name ${name}\`, then deploy again`,
    ];
  if (status === 'UPDATE_FAILED')
    return [`${is}: \`aws cloudformation rollback-stack --stack-name ${name}\`, then deploy again`];
  if (/^(CREATE_FAILED|ROLLBACK_(COMPLETE|FAILED)|DELETE_FAILED)$/.test(status))
    return [`${is}, which accepts no deploy: ${eventsOf(name)} shows why; ${anew}`];
  const busy = busyFaults(status, name);
  return busy.length > 0 ? busy : [`${is}, which accepts no deploy: ${eventsOf(name)} shows why`];
}

const takes = /^(CREATE|UPDATE|IMPORT|UPDATE_ROLLBACK|IMPORT_ROLLBACK)_COMPLETE$/;

/** Whether the packager would skip the deploy: it compares with its last upload, which may never have been deployed. */
const mustDeploy = (status) => status !== undefined && status !== 'UPDATE_COMPLETE';

module.exports = { settled, resourcesOf, busyFaults, statusFaults, mustDeploy };

/** Roles that nobody takes here, and why. */
export const unjudged = {
  TickRole: 'EventBridge Scheduler takes it to put the tick into the queue; the Scheduler is played',
  RenewScheduleRole: 'EventBridge Scheduler takes it to invoke renew; the Scheduler is played',
  TaskHostRole: 'ECS’s agent and Docker take it; ECS is played without them (test/system/template-permissions.test.ts)',
};

const because = (why: string, ...allowances: readonly string[]) =>
  Object.fromEntries(allowances.map((allowance) => [allowance, why]));
const allows = (sid: string, service: string, actions: string) =>
  actions.split(' ').map((action) => `${sid} allows ${service}:${action}`);
const covers = (sid: string, service: string, path: string) =>
  `${sid} covers arn:aws:${service}:eu-west-2:123456789012:${path}`;
const logs = (name: string) =>
  because(
    'Lambda writes the logs in the function’s role; CloudWatch is not played',
    ...allows('Log', 'logs', 'CreateLogStream PutLogEvents'),
    covers('Log', 'logs', `log-group:/aws/lambda/sluice-dev-${name}:*`),
  );
const denial = because(
  'it is a denial, and keys are not played',
  ...allows('DecryptNoSecret', 'kms', 'Decrypt'),
  covers('DecryptNoSecret', 'kms', 'key/*'),
);

/** Allowances that no call here can use, and why. */
export const unused: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ReconcileRole: {
    ...because(
      'the function of 0.1.0 names it, until an update has replaced that function too',
      covers('NudgeWithOwnDocument', 'ssm', 'document/sluice-dev-sync'),
    ),
    ...because(
      'the event source mapping receives, deletes and counts in the function’s role; it is played',
      ...allows('TakeMessages', 'sqs', 'ReceiveMessage DeleteMessage GetQueueAttributes'),
    ),
    ...denial,
    ...logs('reconcile'),
  },
  RenewRole: logs('renew'),
  UnmakeRole: { ...denial, ...logs('unmake') },
  ProxyRole: because(
    'the SSM agent calls it, or an instance of 0.1.0; Run Command is played without an agent',
    covers('FetchSync', 'ssm', 'document/sluice-dev-sync'),
    ...allows('Report', 'ssm', 'UpdateInstanceInformation ListInstanceAssociations UpdateInstanceAssociationStatus'),
    covers('Report', 'ec2', 'instance/*'),
    covers('Report', 'ssm', 'association/*'),
    ...['Create', 'Open'].flatMap((verb) =>
      allows('BeReached', 'ssmmessages', `${verb}ControlChannel ${verb}DataChannel`),
    ),
    ...allows(
      'BeReached',
      'ec2messages',
      'AcknowledgeMessage DeleteMessage FailMessage GetEndpoint GetMessages SendReply',
    ),
    'BeReached covers *',
  ),
};

import { setTimeout as pause } from 'node:timers/promises';
import { firstRefused, judge, type Policy, type Statement } from '../../scripts/local/api/iam';
import { type Check, checksOf } from '../../scripts/local/api/iam-checks';
import { startWorld, type World } from '../../scripts/local/world';
import { customResource } from './cloudformation';

jest.setTimeout(60_000);

/** Roles that nobody takes here, and why. */
const unjudged = {
  TickRole: 'EventBridge Scheduler takes it to put the tick into the queue; the Scheduler is played',
  RenewScheduleRole: 'EventBridge Scheduler takes it to invoke renew; the Scheduler is played',
  TaskHostRole: 'ECS’s agent and Docker take it; ECS is played without them (test/system/template-permissions.test.ts)',
};

/** Allowances that no call here can use, and why. */
const unused: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ReconcileRole: {
    'NudgeWithOwnDocument covers arn:aws:ssm:eu-west-2:123456789012:document/sluice-dev-sync':
      'the function of 0.1.0 names it, until an update has replaced that function too',
    'TakeMessages allows sqs:ReceiveMessage': 'the event source mapping receives in the function’s role; it is played',
    'TakeMessages allows sqs:DeleteMessage': 'the event source mapping deletes what succeeded',
    'TakeMessages allows sqs:GetQueueAttributes': 'the event source mapping scales by the length of the queue',
    'Log allows logs:CreateLogStream': 'Lambda writes the logs in the function’s role; CloudWatch is not played',
    'Log allows logs:PutLogEvents': 'Lambda writes the logs in the function’s role; CloudWatch is not played',
    'Log covers arn:aws:logs:eu-west-2:123456789012:log-group:/aws/lambda/sluice-dev-reconcile:*': 'as above',
  },
  RenewRole: {
    'Log allows logs:CreateLogStream': 'Lambda writes the logs in the function’s role; CloudWatch is not played',
    'Log allows logs:PutLogEvents': 'Lambda writes the logs in the function’s role; CloudWatch is not played',
    'Log covers arn:aws:logs:eu-west-2:123456789012:log-group:/aws/lambda/sluice-dev-renew:*': 'as above',
  },
  UnmakeRole: {
    'Log allows logs:CreateLogStream': 'Lambda writes the logs in the function’s role; CloudWatch is not played',
    'Log allows logs:PutLogEvents': 'Lambda writes the logs in the function’s role; CloudWatch is not played',
    'Log covers arn:aws:logs:eu-west-2:123456789012:log-group:/aws/lambda/sluice-dev-unmake:*': 'as above',
  },
  ProxyRole: Object.fromEntries(
    [
      'FetchSync covers arn:aws:ssm:eu-west-2:123456789012:document/sluice-dev-sync',
      'Report allows ssm:UpdateInstanceInformation',
      'Report allows ssm:ListInstanceAssociations',
      'Report allows ssm:UpdateInstanceAssociationStatus',
      'Report covers arn:aws:ec2:eu-west-2:123456789012:instance/*',
      'Report covers arn:aws:ssm:eu-west-2:123456789012:association/*',
      'BeReached allows ssmmessages:CreateControlChannel',
      'BeReached allows ssmmessages:CreateDataChannel',
      'BeReached allows ssmmessages:OpenControlChannel',
      'BeReached allows ssmmessages:OpenDataChannel',
      'BeReached allows ec2messages:AcknowledgeMessage',
      'BeReached allows ec2messages:DeleteMessage',
      'BeReached allows ec2messages:FailMessage',
      'BeReached allows ec2messages:GetEndpoint',
      'BeReached allows ec2messages:GetMessages',
      'BeReached allows ec2messages:SendReply',
      'BeReached covers *',
    ].map((allowance) => [
      allowance,
      'the SSM agent calls it, or an instance of 0.1.0; Run Command is played without an agent',
    ]),
  ),
};

let world: World;
let checks: Readonly<Record<string, readonly (readonly Check[])[]>>;

beforeAll(async () => {
  const delays = { eventMs: 20, taskStartMs: 50, commandMs: 50 };
  world = await startWorld({ delays, tickSeconds: 3_600, certificates: true });
  await story();
  const proxies = [...world.aws.tagged];
  // What does not exist yet was asked for with the right to.
  const answered = world.aws.api.calls.filter(({ outcome }) => /^(answered|ParameterNotFound)$/.test(outcome));
  const asked = (role: string) =>
    answered.filter((call) => call.role === role).map(({ action, input }) => checksOf(action, input, proxies));
  checks = Object.fromEntries(
    ['ReconcileRole', 'RenewRole', 'UnmakeRole', 'ProxyRole'].map((role) => [role, asked(role)]),
  );
}, 90_000);
afterAll(() => world?.stop());

/** Touches every call: a task starts, a certificate is ordered, a run fails, a service loses its last task. */
async function story(): Promise<void> {
  const { ecs, aws } = world;
  const app = { name: 'app', command: [process.execPath, 'resources/hello-world/hello.mjs'], containerPort: 8080 };
  const containers = [{ ...app, labels: { 'haproxy.host': 'shop.example' } }];
  const taskDefinition = ecs.registerTaskDefinition({ family: 'shop', containers });
  const failed = () => world.reconciles().filter(({ outcome }) => outcome === 'failed').length;

  ecs.createService({ name: 'shop', taskDefinition, desiredCount: 2 });
  await until(() => world.reconciles().some(({ outcome }) => outcome === 'succeeded'));
  aws.deployed();
  await until(() => aws.runs.length > 0);
  aws.api.faults.next('ecs:ListTasks', 'throttled', 3);
  world.tick();
  await until(() => failed() > 0);
  await synced('certificates/sluice.test');
  ecs.updateService('shop', { desiredCount: 0 });
  await until(() => aws.api.calls.some(({ action }) => action === 'ecs:DescribeServices'));
  await customResource((event) => aws.invoke('unmake', event), 'Delete');
  const hosts = { ResourceType: 'Custom::HostDraining', ResourceProperties: { Group: 'sluice-dev-TaskHosts-1A2B3C' } };
  await customResource((event) => aws.invoke('unmake', event), 'Delete', hosts);
}

const synced = (path: string) =>
  until(() =>
    world.aws.api.calls.some(({ role, input }) => role === 'ProxyRole' && JSON.stringify(input).includes(path)),
  );

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 30_000; !holds(); await pause(20)) {
    const [call] = world.denied();
    if (call) throw new Error(`${call.role} was denied ${call.action} for ${JSON.stringify(call.input)}`);
    if (Date.now() > end) throw new Error(`waited 30 seconds in vain: ${holds}`);
  }
}

const statements = (policies: readonly Policy[]) => policies.flatMap(({ Statement }) => Statement);
const list = (one: string | readonly string[]): readonly string[] => [one].flat();

/** Actions and resources of each statement that none of the checks needs. */
async function unusedOf(role: string, policies: readonly Policy[]): Promise<readonly string[]> {
  const asked = [...new Map((checks[role] ?? []).flat().map((check) => [JSON.stringify(check), check])).values()];
  const isUsed = async (statement: Statement) => {
    const allows = judge(role, [{ Version: '2012-10-17', Statement: [statement] }]);
    const own = asked.filter(({ action }) => list(statement.Action).includes(action));
    for (const check of own) if (await allows(check)) return true;
    return false;
  };
  const found: string[] = [];
  for (const statement of statements(policies)) {
    for (const Action of list(statement.Action))
      if (!(await isUsed({ ...statement, Action }))) found.push(`${statement.Sid} allows ${Action}`);
    for (const Resource of list(statement.Resource))
      if (!(await isUsed({ ...statement, Resource }))) found.push(`${statement.Sid} covers ${Resource}`);
  }
  return found;
}

/** Actions of the calls that other policies would have denied. */
async function deniedBy(role: string, policies: readonly Policy[]): Promise<readonly string[]> {
  const allows = judge(role, policies);
  const denied = new Set<string>();
  for (const call of checks[role] ?? [])
    if ((await firstRefused(allows, call)) !== undefined) denied.add(call[0]?.action ?? '');
  return [...denied];
}

describe('law 14', () => {
  it('no call was denied, and none failed to be judged', () => {
    expect(world.denied()).toStrictEqual([]);
    expect(world.aws.api.calls.filter(({ outcome }) => outcome === 'InternalFailure')).toStrictEqual([]);
  });

  it('every role is judged, or said why not', () => {
    expect([...Object.keys(checks), ...Object.keys(unjudged)].sort()).toStrictEqual([...world.aws.stack.roles].sort());
  });

  it.each(Object.keys(unused))('%s may do nothing that nobody does', async (role) => {
    const found = await unusedOf(role, world.aws.stack.policies(role));

    expect([...found].sort()).toStrictEqual(Object.keys(unused[role] ?? {}).sort());
  });
});

describe('a wrong policy is noticed:', () => {
  /** The packaged policies of a role, one statement changed. */
  const changed = (
    sid: string,
    change: (statement: Statement) => Partial<Statement>,
    role = 'ReconcileRole',
  ): readonly Policy[] => {
    const all = statements(world.aws.stack.policies(role));
    const Statement = all.map((each) => (each.Sid === sid ? { ...each, ...change(each) } : each));
    return [{ Version: '2012-10-17', Statement }];
  };
  const cluster = (name: string) => `arn:aws:ecs:eu-west-2:123456789012:cluster/${name}`;

  it.each([
    ['an action', { Action: ['ssm:PutParameter', 'ssm:DeleteParameter'] }, 'Publish allows ssm:DeleteParameter'],
    [
      'a resource',
      { Resource: ['arn:aws:ssm:eu-west-2:123456789012:parameter/sluice/dev/haproxy/*', 'arn:aws:ssm:*:*:*/acme'] },
      'Publish covers arn:aws:ssm:*:*:*/acme',
    ],
  ])('%s too many', async (_, more, found) => {
    expect(
      await unusedOf(
        'ReconcileRole',
        changed('Publish', () => more),
      ),
    ).toContain(found);
  });

  it.each([
    ['ReconcileRole', 'ecs:ListTasks'],
    ['ReconcileRole', 'ecs:DescribeTasks'],
    ['ReconcileRole', 'ecs:DescribeServices'],
    ['ReconcileRole', 'ecs:DescribeContainerInstances'],
    ['ReconcileRole', 'ecs:DescribeTaskDefinition'],
    ['ReconcileRole', 'ec2:DescribeInstances'],
    ['ReconcileRole', 'ssm:GetParameters'],
    ['ReconcileRole', 'ssm:PutParameter'],
    ['ReconcileRole', 'ssm:SendCommand'],
    ['ReconcileRole', 'sqs:ChangeMessageVisibility'],
    ['UnmakeRole', 'ssm:GetParametersByPath'],
    ['UnmakeRole', 'ssm:DeleteParameters'],
    ['UnmakeRole', 'autoscaling:DeleteLifecycleHook'],
    ['ProxyRole', 'cloudwatch:PutMetricData'],
    ['RenewRole', 'ssm:GetParameters'],
    ['RenewRole', 'ssm:GetParameter'],
    ['RenewRole', 'ssm:PutParameter'],
    ['RenewRole', 'ssm:DeleteParameter'],
    ['RenewRole', 'sqs:SendMessage'],
    ['RenewRole', 'route53:GetHostedZone'],
    ['RenewRole', 'route53:ListResourceRecordSets'],
    ['RenewRole', 'route53:ChangeResourceRecordSets'],
    ['RenewRole', 'route53:GetChange'],
  ])('%s without %s', async (role, action) => {
    const all = statements(world.aws.stack.policies(role));
    const without = all.map((each) => ({ ...each, Action: list(each.Action).filter((other) => other !== action) }));
    const Statement = without.filter(({ Action }) => Action.length > 0);

    expect(await deniedBy(role, [{ Version: '2012-10-17', Statement }])).toStrictEqual([action]);
  });

  it.each([
    ['the tag', 'NudgeOwnProxies', { StringEquals: { 'ssm:resourceTag/SluiceProxy': 'prod' } }, 'ssm:SendCommand'],
    ['the name of the tag', 'NudgeOwnProxies', { StringEquals: { 'ssm:resourceTag/Proxy': 'dev' } }, 'ssm:SendCommand'],
    ['the cluster', 'ListTasks', { ArnEquals: { 'ecs:cluster': cluster('other') } }, 'ecs:ListTasks'],
    [
      'the name of the cluster',
      'ListTasks',
      { ArnEquals: { 'ecs:Cluster-Arn': cluster('sluice-dev') } },
      'ecs:ListTasks',
    ],
  ])('%s is wrong in a condition', async (_, sid, Condition, action) => {
    expect(
      await deniedBy(
        'ReconcileRole',
        changed(sid, () => ({ Condition })),
      ),
    ).toStrictEqual([action]);
  });

  it.each([
    ['another name', { NormalizedRecordNames: ['_acme-challenge.sluice.example'] }],
    ['another type', { RecordTypes: ['CNAME'] }],
    ['no way to take away again', { Actions: ['CREATE'] }],
  ])('%s in the condition of renew', async (_, wrong) => {
    const [[key = '', list = []] = []] = Object.entries(wrong);
    const condition = { [`route53:ChangeResourceRecordSets${key}`]: list };
    const policies = changed(
      'AnswerChallenges',
      () => ({ Condition: { 'ForAllValues:StringEquals': condition } }),
      'RenewRole',
    );

    expect(await deniedBy('RenewRole', policies)).toStrictEqual(['route53:ChangeResourceRecordSets']);
  });

  it('a lock that may be overwritten: renew asks for it only where there is none', async () => {
    const policies = changed(
      'TakeLock',
      () => ({ Condition: { StringEquals: { 'ssm:Overwrite': 'true' } } }),
      'RenewRole',
    );

    expect(await deniedBy('RenewRole', policies)).toStrictEqual(['ssm:PutParameter']);
  });
});

import { judge, type Policy, type Statement } from '../../scripts/local/api/iam';
import { type Check, checksOf } from '../../scripts/local/api/iam-checks';
import { unjudged, unused } from './allowances';
import { customResource } from './cloudformation';
import { serving, until, world, worldForAll } from './shop';

let checks: Readonly<Record<string, readonly (readonly Check[])[]>>;

worldForAll({ certificates: true }, async () => {
  await story();
  const proxies = [...world.aws.tagged];
  // What does not exist yet was asked for with the right to.
  const answered = world.aws.api.calls.filter(({ outcome }) => /^(answered|ParameterNotFound)$/.test(outcome));
  const asked = (role: string) =>
    answered.filter((call) => call.role === role).map(({ action, input }) => checksOf(action, input, proxies));
  checks = Object.fromEntries(
    ['ReconcileRole', 'RenewRole', 'UnmakeRole', 'ProxyRole'].map((role) => [role, asked(role)]),
  );
});

/** Touches every call: a task of a service with a secret starts, a label is misspelt, a certificate is ordered, a run fails, a service loses its last task. */
async function story(): Promise<void> {
  const { ecs, aws } = world;
  const labels = { 'haproxy.host': 'shop.example', 'haproxy.auth': 'staff' };
  const taskDefinition = ecs.registerTaskDefinition({ family: 'shop', containers: [serving('', { labels })] });
  const secret = { Name: '/sluice/dev/auth/sluice-dev.shop/staff', Type: 'SecureString' };
  aws.parameters.put({ ...secret, Value: `ann:$5$salt$${'h'.repeat(43)}` });
  const failed = () => world.reconciles().filter(({ outcome }) => outcome === 'failed').length;

  ecs.createService({ name: 'shop', taskDefinition, desiredCount: 2 });
  await until(() => world.reconciles().some(({ outcome }) => outcome === 'succeeded'));
  const wrong = serving('', { labels: { 'haproxy.hots': 'wrong.example' } });
  const misspelt = ecs.registerTaskDefinition({ family: 'wrong', containers: [wrong] });
  ecs.createService({ name: 'wrong', taskDefinition: misspelt, desiredCount: 1 });
  await ecs.steady('wrong');
  for (let ticks = 0; ticks < 2; ticks++) await ticked();
  await until(() => aws.mails.length > 0);
  aws.deployed();
  await until(() => aws.runs.length > 0);
  aws.api.faults.next('ecs:ListTasks', 'throttled', 3);
  world.tick();
  await until(() => failed() > 0);
  await synced('certificates/sluice.test');
  await synced('auth/sluice-dev.shop/staff');
  ecs.updateService('shop', { desiredCount: 0 });
  await until(() => aws.api.calls.some(({ action }) => action === 'ecs:DescribeServices'));
  await customResource((event) => aws.invoke('unmake', event), 'Delete');
  const hosts = { ResourceType: 'Custom::HostDraining', ResourceProperties: { Group: 'sluice-dev-TaskHosts-1A2B3C' } };
  await customResource((event) => aws.invoke('unmake', event), 'Delete', hosts);
}

/** A tick that has run. */
async function ticked(): Promise<void> {
  const before = world.aws.api.calls.length;
  world.tick();
  const isNudge = ({ action }: { action: string }) => action === 'ssm:SendCommand';
  await until(() => world.aws.api.calls.slice(before).some(isNudge));
}

const synced = (path: string) =>
  until(() =>
    world.aws.api.calls.some(({ role, input }) => role === 'ProxyRole' && JSON.stringify(input).includes(path)),
  );

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

describe('law 14', () => {
  it('no call was denied, and none failed to be judged', () => {
    expect(world.denied()).toStrictEqual([]);
    expect(world.aws.api.calls.filter(({ outcome }) => outcome === 'InternalFailure')).toStrictEqual([]);
  });

  it('every role is judged, or has a reason why not', () => {
    expect([...Object.keys(checks), ...Object.keys(unjudged)].sort()).toStrictEqual([...world.aws.stack.roles].sort());
  });

  it.each(Object.keys(unused))('%s may do nothing that no call needs', async (role) => {
    const found = await unusedOf(role, world.aws.stack.policies(role));

    expect([...found].sort()).toStrictEqual(Object.keys(unused[role] ?? {}).sort());
  });
});

import { judge } from '../../scripts/local/iam';
import { packaged } from '../../scripts/local/package';
import { readStack } from '../../scripts/local/stack';
import { type Template, templateOf } from './packaged';

let template: Template;
beforeAll(async () => {
  template = await templateOf();
}, 60_000);

const roles = () => template.ofType('AWS::IAM::Role').map(([role]) => role);

/** Statements whose resource is `*`, for AWS knows no narrower one; resources/ says why at each. */
const unnarrowed: Readonly<Record<string, readonly string[]>> = {
  ReconcileRole: ['ListTasks', 'ReadTaskDefinitionsAndAddresses'],
  ProxyRole: ['TellCloudWatch', 'BeReached'],
  TaskHostRole: ['FindEndpoints'],
};

describe('who may do what', () => {
  it('has no managed policy and no wildcard in an action', () => {
    for (const role of roles()) {
      expect(template.properties(role)).not.toHaveProperty('ManagedPolicyArns');
      expect(
        template
          .statements(role)
          .flatMap(({ Action }) => Action)
          .filter((action) => action.includes('*')),
      ).toStrictEqual([]);
    }
  });

  it('names resources, except where AWS knows none', () => {
    for (const role of roles()) {
      const wide = template.statements(role).filter(({ Resource }) => [Resource].flat().includes('*'));

      expect([role, wide.map(({ Sid }) => Sid)]).toStrictEqual([role, unnarrowed[role] ?? []]);
    }
  });

  it('gives no policy beside the roles, which would come after whoever needs it', () => {
    const types = Object.values(template.resources).map(({ Type }) => Type);

    expect(types.filter((type) => /^AWS::IAM::(?!Role$|InstanceProfile$)/.test(type))).toStrictEqual([]);
  });

  it('gives reconcile no certificate but its index', () => {
    const reads = template.statements('ReconcileRole').find(({ Sid }) => Sid === 'ReadPublished');

    expect(JSON.stringify(reads?.Resource)).not.toContain('certificates/*');
    expect(JSON.stringify(reads?.Resource)).toContain('certificates/index');
  });

  it('lets the proxy write nothing in Parameter Store', () => {
    const actions = template.statements('ProxyRole').flatMap(({ Action }) => Action);

    expect(actions.filter((action) => /^ssm:(Put|Delete|Send|Label)/.test(action))).toStrictEqual([]);
  });

  it('lets hosts of tasks read no parameter and call nothing outside their cluster but images and logs', () => {
    const actions = template.statements('TaskHostRole').flatMap(({ Action }) => Action);

    expect([...new Set(actions.map((action) => action.split(':')[0]))].sort()).toStrictEqual(['ecr', 'ecs', 'logs']);
  });
});

describe('a host of tasks, whose agent is not played', () => {
  const ecs = (path: string) => `arn:aws:ecs:eu-west-2:123456789012:${path}`;
  const logs = (path: string) => `arn:aws:logs:eu-west-2:123456789012:log-group:${path}:log-stream:task/hello/1`;
  const repository = 'arn:aws:ecr:eu-west-2:123456789012:repository/shop';
  const allows = async (action: string, resource: string) =>
    judge(
      'TaskHostRole',
      readStack(await packaged(), 'http://127.0.0.1').policies('TaskHostRole'),
    )({
      action,
      resource,
      context: {},
    });

  it.each([
    ['ecs:DiscoverPollEndpoint', '*'],
    ['ecs:RegisterContainerInstance', ecs('cluster/sluice-dev')],
    ['ecs:SubmitTaskStateChange', ecs('cluster/sluice-dev')],
    ['ecs:SubmitContainerStateChange', ecs('cluster/sluice-dev')],
    ['ecs:Poll', ecs('container-instance/sluice-dev/1')],
    ['ecs:StartTelemetrySession', ecs('container-instance/sluice-dev/1')],
    // At a Spot warning it drains itself.
    ['ecs:UpdateContainerInstancesState', ecs('container-instance/sluice-dev/1')],
    ['ecr:GetAuthorizationToken', '*'],
    ['ecr:BatchGetImage', repository],
    ['logs:PutLogEvents', logs('/sluice/dev/hello-world')],
  ])('may call %s on %s', async (action, resource) => {
    expect(await allows(action, resource)).toBe(true);
  });

  it.each([
    ['ecs:RegisterContainerInstance', ecs('cluster/sluice-dev2')],
    ['ecs:Poll', ecs('container-instance/sluice-dev2/1')],
    ['ecs:UpdateService', ecs('service/sluice-dev/shop')],
    ['ssm:GetParameter', 'arn:aws:ssm:eu-west-2:123456789012:parameter/sluice/dev/certificates/shop/key'],
    ['ecr:PutImage', repository],
    ['logs:PutLogEvents', logs('/sluice/dev2/hello-world')],
  ])('may not call %s on %s', async (action, resource) => {
    expect(await allows(action, resource)).toBe(false);
  });
});

it('holds no key and no certificate', () => {
  expect(template.text).not.toMatch(/-----BEGIN/);
});

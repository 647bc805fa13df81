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

it('holds no key and no certificate', () => {
  expect(template.text).not.toMatch(/-----BEGIN/);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { judge } from '../../scripts/local/api/iam';
import { type Check, checksOf } from '../../scripts/local/api/iam-checks';
import { readStack } from '../../scripts/local/package/stack';
import { packaged } from '../../scripts/real/package';
import { templatesFor } from './packaged';

const { blocks, commands } = require('../../scripts/documented.cjs') as {
  blocks: (page: string) => readonly { kind: string; text: string }[];
  commands: (page: string, kind: string) => readonly string[];
};

const template = templatesFor('default');
const roles = () =>
  template()
    .ofType('AWS::IAM::Role')
    .map(([role]) => role);

const allows = async (role: string, check: Check) =>
  judge(role, readStack(await packaged(), 'http://127.0.0.1').policies(role))(check);

describe('who may do what', () => {
  it('has no managed policy and no wildcard in an action', () => {
    for (const role of roles()) {
      expect(template().properties(role)).not.toHaveProperty('ManagedPolicyArns');
      expect(
        template()
          .statements(role)
          .flatMap(({ Action }) => Action)
          .filter((action) => action.includes('*')),
      ).toStrictEqual([]);
    }
  });

  it('has no policy outside the roles, which could come after the resource that needs it', () => {
    const types = Object.values(template().resources).map(({ Type }) => Type);

    expect(types.filter((type) => /^AWS::IAM::(?!Role$|InstanceProfile$)/.test(type))).toStrictEqual([]);
  });

  it('gives reconcile no certificate but its index', () => {
    const reads = template()
      .statements('ReconcileRole')
      .find(({ Sid }) => Sid === 'ReadPublished');

    expect(JSON.stringify(reads?.Resource)).not.toContain('certificates/*');
    expect(JSON.stringify(reads?.Resource)).toContain('certificates/index');
  });

  it.each([
    ['haproxy/current', true],
    ['certificates/shop.example/key', true],
    ['acme/account', false],
    ['../dev2/certificates/shop.example/key', false],
    ['../../somebody/password', false],
  ])(
    'lets a proxy read of parameters only its stage’s configuration, certificates and secrets: %s',
    async (path, may) => {
      const resource = `arn:aws:ssm:eu-west-2:123456789012:parameter${join('/sluice/dev', path)}`;

      for (const action of ['ssm:GetParameter', 'ssm:GetParameters'])
        expect(await allows('ProxyRole', { action, resource, context: {} })).toBe(may);
    },
  );

  it.each([
    ['TXT', '_acme-challenge.sluice.test', 'CREATE', true],
    ['TXT', 'sluice.test', 'CREATE', false],
    ['TXT', '_dmarc.sluice.test', 'CREATE', false],
    ['A', '_acme-challenge.sluice.test', 'CREATE', false],
    ['CAA', 'sluice.test', 'DELETE', false],
    ['A', 'sluice.test', 'UPSERT', false],
  ])('lets renew write TXT records of its challenges, and no other: %s %s', async (Type, Name, Action, may) => {
    const change = { Id: 'Z0SLUICETEST', Changes: [{ Action, ResourceRecordSet: { Name, Type } }] };
    const checks = checksOf('route53:ChangeResourceRecordSets', change, []);

    expect(checks).toHaveLength(1);
    for (const check of checks) expect(await allows('RenewRole', check)).toBe(may);
  });

  it('lets hosts of tasks read no parameter and call nothing outside their cluster but images and logs', () => {
    const actions = template()
      .statements('TaskHostRole')
      .flatMap(({ Action }) => Action);

    expect([...new Set(actions.map((action) => action.split(':')[0]))].sort()).toStrictEqual(['ecr', 'ecs', 'logs']);
  });
});

describe('a host of tasks, whose agent is not played', () => {
  const ecs = (path: string) => `arn:aws:ecs:eu-west-2:123456789012:${path}`;
  const logs = (path: string) => `arn:aws:logs:eu-west-2:123456789012:log-group:${path}:log-stream:task/hello/1`;
  const repository = 'arn:aws:ecr:eu-west-2:123456789012:repository/shop';
  const hostMay = (action: string, resource: string) => allows('TaskHostRole', { action, resource, context: {} });

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
    expect(await hostMay(action, resource)).toBe(true);
  });

  it.each([
    ['ecs:RegisterContainerInstance', ecs('cluster/sluice-dev2')],
    ['ecs:Poll', ecs('container-instance/sluice-dev2/1')],
    ['ecs:UpdateService', ecs('service/sluice-dev/shop')],
    ['ssm:GetParameter', 'arn:aws:ssm:eu-west-2:123456789012:parameter/sluice/dev/certificates/shop/key'],
    ['ecr:PutImage', repository],
    ['logs:PutLogEvents', logs('/sluice/dev2/hello-world')],
  ])('may not call %s on %s', async (action, resource) => {
    expect(await hostMay(action, resource)).toBe(false);
  });

  it('starts the task of docs/getting-started.md, whose log group one of its commands makes first', async () => {
    const page = readFileSync(join(__dirname, '../../docs/getting-started.md'), 'utf8');
    const [json] = blocks(page).filter(({ kind }) => kind === 'json');
    const { containerDefinitions, ...task } = JSON.parse(json?.text ?? '') as {
      containerDefinitions: { logConfiguration?: { logDriver: string; options: Record<string, string> } }[];
    };
    const made = commands(page, 'sh account').flatMap((command) =>
      [...command.matchAll(/aws logs create-log-group --log-group-name (\S+)/g)].map(([, name]) => name),
    );

    expect(task).not.toHaveProperty('executionRoleArn');
    const logging = containerDefinitions.filter(({ logConfiguration }) => logConfiguration);
    expect(logging).toHaveLength(1);
    for (const { logConfiguration } of logging) {
      const group = logConfiguration?.options['awslogs-group'] ?? '';
      expect(logConfiguration).toMatchObject({ logDriver: 'awslogs', options: { 'awslogs-region': 'eu-west-2' } });
      expect(made).toStrictEqual([group]);
      expect(group).toMatch(/^\/sluice\/prod\/[a-z]/);
      // Stage dev is what is packaged here.
      const packagedGroup = group.replace('/prod/', '/dev/');
      // A host may not make a group.
      expect(logConfiguration?.options).not.toHaveProperty('awslogs-create-group');
      expect(await hostMay('logs:CreateLogStream', logs(packagedGroup))).toBe(true);
      expect(await hostMay('logs:PutLogEvents', logs(packagedGroup))).toBe(true);
      expect(await hostMay('logs:CreateLogGroup', logs(packagedGroup))).toBe(false);
    }
    // The console's default, which the page warns of.
    expect(page).toContain('`/ecs/…`');
    expect(await hostMay('logs:CreateLogStream', logs('/ecs/shop'))).toBe(false);
  });
});

it('holds no key and no certificate', () => {
  expect(template().text).not.toMatch(/-----BEGIN/);
});

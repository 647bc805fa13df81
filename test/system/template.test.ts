import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { packaged } from '../../scripts/local/package';

type Statement = { Sid?: string; Action: string | string[]; Resource: unknown; Condition?: object };
type Resource = { Type: string; Properties: Record<string, never> };

let resources: Record<string, Resource>;
beforeAll(async () => {
  const file = join(await packaged(), 'cloudformation-template-update-stack.json');
  resources = JSON.parse(readFileSync(file, 'utf8')).Resources;
}, 60_000);

const properties = <Shape>(id: string): Shape => resources[id]?.Properties as Shape;
const ofType = (type: string) => Object.entries(resources).filter(([, { Type }]) => Type === type);
const statements = (role: string): Statement[] =>
  properties<{ Policies: { PolicyDocument: { Statement: Statement[] } }[] }>(role).Policies.flatMap(
    ({ PolicyDocument }) => PolicyDocument.Statement,
  );

describe('what wakes reconcile', () => {
  it('is the queue alone, so that there is one writer', () => {
    const mappings = ofType('AWS::Lambda::EventSourceMapping');

    expect(mappings.map(([, { Properties }]) => Properties.EventSourceArn)).toStrictEqual([
      { 'Fn::GetAtt': ['ReconcileQueue', 'Arn'] },
    ]);
    expect(ofType('AWS::Lambda::Permission')).toStrictEqual([]);
  });

  it('comes in one message group, from the rule and from the tick', () => {
    const { Targets } = properties<{ Targets: object[] }>('TaskChanged');
    const { Target } = properties<{ Target: object }>('Tick');

    for (const target of [...Targets, Target])
      expect(target).toMatchObject({ SqsParameters: { MessageGroupId: 'reconcile' } });
  });

  it('is a tick with an id of its own, which deduplication does not swallow', () => {
    const { Target } = properties<{ Target: { Input: string } }>('Tick');

    expect(JSON.parse(Target.Input)).toStrictEqual({ source: 'sluice.tick', id: '<aws.scheduler.execution-id>' });
  });

  it('waits no longer after a failure than law 10 allows', () => {
    const { Timeout } = properties<{ Timeout: number }>('ReconcileLambdaFunction');
    const { VisibilityTimeout } = properties<{ VisibilityTimeout: number }>('ReconcileQueue');

    expect(VisibilityTimeout - Timeout).toBeGreaterThan(0);
    expect(VisibilityTimeout - Timeout).toBeLessThanOrEqual(30);
  });
});

describe('the sync document', () => {
  const script = () =>
    properties<{ Content: { mainSteps: { inputs: { runCommand: string[] } }[] } }>('SyncDocument').Content.mainSteps[0]
      ?.inputs.runCommand[0] ?? '';

  it('carries the sync byte for byte, so no variable of the packager was resolved in it', () => {
    const { document } = require('../../resources/sync.cjs') as {
      document: (stage: string, prefix: string) => { Resources: Record<string, Resource> };
    };

    expect(resources.SyncDocument).toStrictEqual(document('dev', '/sluice/dev').Resources.SyncDocument);
  });

  it('is far below the limit of Run Command, parameters included', () => {
    expect(JSON.stringify(resources.SyncDocument).length).toBeLessThan(60_000);
  });

  it('has no parameter of SSM but the generation, and takes only a number for it', () => {
    const { Content } = properties<{ Content: { parameters: Record<string, { allowedPattern: string }> } }>(
      'SyncDocument',
    );

    expect(script().match(/\{\{.*?\}\}/g)).toStrictEqual(['{{ Generation }}']);
    expect(Object.values(Content.parameters).map(({ allowedPattern }) => allowedPattern)).toStrictEqual([
      '^[0-9]{1,10}$',
    ]);
  });

  it('gets new versions in place', () => {
    expect(properties('SyncDocument')).toMatchObject({ Name: 'sluice-dev-sync', UpdateMethod: 'NewVersion' });
  });
});

describe('who may do what', () => {
  it('has no managed policy and no wildcard in an action', () => {
    for (const [role] of ofType('AWS::IAM::Role')) {
      expect(properties(role)).not.toHaveProperty('ManagedPolicyArns');
      expect(
        statements(role)
          .flatMap(({ Action }) => Action)
          .filter((action) => action.includes('*')),
      ).toStrictEqual([]);
    }
  });

  it.each([
    ['ReconcileRole', ['ListTasks', 'ReadTaskDefinitionsAndAddresses']],
    ['ProxyRole', ['BeReached']],
    ['TickRole', []],
  ])('names the resources of %s, except where AWS knows none', (role, exceptions) => {
    expect(
      statements(role)
        .filter(({ Resource }) => Resource === '*')
        .map(({ Sid }) => Sid),
    ).toStrictEqual(exceptions);
  });

  it('keeps stages apart: a path ends in a slash, and a tag is compared whole', () => {
    const named = JSON.stringify([statements('ReconcileRole'), statements('ProxyRole')]);

    for (const [path] of named.matchAll(/parameter\/sluice\/[^"]*/g)) expect(path).toMatch(/^parameter\/sluice\/dev\//);
    expect(named).toContain('{"StringEquals":{"ssm:resourceTag/SluiceProxy":"dev"}}');
  });

  it('gives reconcile no certificate but its index', () => {
    const reads = statements('ReconcileRole').find(({ Sid }) => Sid === 'ReadPublished');

    expect(JSON.stringify(reads?.Resource)).not.toContain('certificates/*');
    expect(JSON.stringify(reads?.Resource)).toContain('certificates/index');
  });

  it('lets the proxy write nothing', () => {
    const actions = statements('ProxyRole').flatMap(({ Action }) => Action);

    expect(actions.filter((action) => /^ssm:(Put|Delete|Send|Label)/.test(action))).toStrictEqual([]);
  });
});

it('holds no key and no certificate', () => {
  expect(JSON.stringify(resources)).not.toMatch(/-----BEGIN/);
});

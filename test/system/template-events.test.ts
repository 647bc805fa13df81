import { type Template, templateOf } from './packaged';

let template: Template;
beforeAll(async () => {
  template = await templateOf();
}, 60_000);

describe('what wakes reconcile', () => {
  it('is the queue alone, so that there is one writer', () => {
    const mappings = template
      .ofType<{ EventSourceArn: object; FunctionName: object }>('AWS::Lambda::EventSourceMapping')
      .map(([, { EventSourceArn }]) => EventSourceArn);

    expect(mappings).toStrictEqual([{ 'Fn::GetAtt': ['ReconcileQueue', 'Arn'] }]);
    expect(callers()).not.toContain('ReconcileLambdaFunction');
  });

  it('comes in one message group, from the rules and from the tick', () => {
    const { Target } = template.properties<{ Target: object }>('Tick');
    const rules = ['TaskChanged', 'HostChanged', 'SpotWarning'].flatMap(
      (rule) => template.properties<{ Targets: object[] }>(rule).Targets,
    );

    for (const target of [...rules, Target])
      expect(target).toMatchObject({ SqsParameters: { MessageGroupId: 'reconcile' } });
  });

  it('is a tick with an id of its own, which deduplication does not swallow', () => {
    const { Target } = template.properties<{ Target: { Input: string } }>('Tick');

    expect(JSON.parse(Target.Input)).toStrictEqual({ source: 'sluice.tick', id: '<aws.scheduler.execution-id>' });
  });

  it('waits no longer after a failure than law 10 allows', () => {
    const { Timeout } = template.properties<{ Timeout: number }>('ReconcileLambdaFunction');
    const { VisibilityTimeout } = template.properties<{ VisibilityTimeout: number }>('ReconcileQueue');

    expect(VisibilityTimeout - Timeout).toBeGreaterThan(0);
    expect(VisibilityTimeout - Timeout).toBeLessThanOrEqual(30);
  });

  it('concerns this stage’s clusters only, but for Spot warnings, which name none', () => {
    const clusterArns = (rule: string) =>
      template.properties<{ EventPattern: { detail?: { clusterArn: object } } }>(rule).EventPattern.detail?.clusterArn;
    const own = [{ 'Fn::Sub': 'arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:cluster/sluice-dev' }];

    expect(['TaskChanged', 'HostChanged', 'SpotWarning'].map(clusterArns)).toStrictEqual([own, own, undefined]);
  });
});

/** Functions that AWS services may call by themselves. */
const callers = () =>
  template
    .ofType<{ FunctionName: { Ref?: string; 'Fn::GetAtt'?: string[] } }>('AWS::Lambda::Permission')
    .map(([, { FunctionName }]) => FunctionName.Ref ?? FunctionName['Fn::GetAtt']?.[0]);

describe('the sync document', () => {
  const script = () =>
    template.properties<{ Content: { mainSteps: { inputs: { runCommand: string[] } }[] } }>('SyncDocument').Content
      .mainSteps[0]?.inputs.runCommand[0] ?? '';

  it('carries the sync byte for byte, so no variable of the packager was resolved in it', () => {
    const { document } = require('../../resources/sync.cjs') as {
      document: (stage: string, prefix: string) => { Resources: Record<string, object> };
    };

    expect(template.resources.SyncDocument).toStrictEqual(document('dev', '/sluice/dev').Resources.SyncDocument);
  });

  it('is far below the limit of Run Command, parameters included', () => {
    expect(JSON.stringify(template.resources.SyncDocument).length).toBeLessThan(60_000);
  });

  it('has no parameter of SSM but the generation, and takes only a number for it', () => {
    const { Content } = template.properties<{ Content: { parameters: Record<string, { allowedPattern: string }> } }>(
      'SyncDocument',
    );

    expect(script().match(/\{\{.*?\}\}/g)).toStrictEqual(['{{ Generation }}']);
    expect(Object.values(Content.parameters).map(({ allowedPattern }) => allowedPattern)).toStrictEqual([
      '^[0-9]{1,10}$',
    ]);
  });

  it('gets new versions in place', () => {
    expect(template.properties('SyncDocument')).toMatchObject({ Name: 'sluice-dev-sync', UpdateMethod: 'NewVersion' });
  });
});

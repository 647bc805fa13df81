import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { inCopy, templatesFor } from './packaged';

const template = templatesFor('default');

describe('what starts reconcile', () => {
  it('is the queue alone, so that there is one writer', () => {
    const mappings = template()
      .ofType<{ EventSourceArn: object; FunctionName: object }>('AWS::Lambda::EventSourceMapping')
      .map(([, { EventSourceArn }]) => EventSourceArn);

    expect(mappings).toStrictEqual([{ 'Fn::GetAtt': ['ReconcileQueue', 'Arn'] }]);
    expect(callers()).not.toContain('ReconcileLambdaFunction');
  });

  it('comes in one message group, from the rules and from the tick', () => {
    const { Target } = template().properties<{ Target: object }>('Tick');
    const rules = ['TaskChanged', 'HostChanged', 'SpotWarning'].flatMap(
      (rule) => template().properties<{ Targets: object[] }>(rule).Targets,
    );

    for (const target of [...rules, Target])
      expect(target).toMatchObject({ SqsParameters: { MessageGroupId: 'reconcile' } });
  });

  it('by the queue’s own policy is an event of the three rules of this stage, which take events of AWS alone', () => {
    const rules = ['TaskChanged', 'HostChanged', 'SpotWarning'];
    const policies = template()
      .ofType<{ PolicyDocument: { Statement: object[] } }>('AWS::SQS::QueuePolicy')
      .map(([, { PolicyDocument }]) => PolicyDocument.Statement);

    expect(policies.flat()).toStrictEqual([
      {
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: { 'Fn::GetAtt': ['ReconcileQueue', 'Arn'] },
        Condition: { ArnEquals: { 'aws:SourceArn': rules.map((rule) => ({ 'Fn::GetAtt': [rule, 'Arn'] })) } },
      },
    ]);
    // Nobody may put an event of such a source on a bus (EventBridge: PutEvents).
    for (const rule of rules)
      for (const source of template().properties<{ EventPattern: { source: string[] } }>(rule).EventPattern.source)
        expect(source).toMatch(/^aws\./);
  });

  it('is a tick with an id of its own, which deduplication does not swallow', () => {
    const { Target } = template().properties<{ Target: { Input: string } }>('Tick');

    expect(JSON.parse(Target.Input)).toStrictEqual({ source: 'sluice.tick', id: '<aws.scheduler.execution-id>' });
  });

  it('waits no longer after a failure than law 10 allows', () => {
    const { Timeout } = template().properties<{ Timeout: number }>('ReconcileLambdaFunction');
    const { VisibilityTimeout } = template().properties<{ VisibilityTimeout: number }>('ReconcileQueue');

    expect(VisibilityTimeout - Timeout).toBeGreaterThan(0);
    expect(VisibilityTimeout - Timeout).toBeLessThanOrEqual(30);
  });

  it('concerns this stage’s clusters only, except for Spot warnings, which name no cluster', () => {
    const clusterArns = (rule: string) =>
      template().properties<{ EventPattern: { detail?: { clusterArn: object } } }>(rule).EventPattern.detail
        ?.clusterArn;
    const own = [{ 'Fn::Sub': 'arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:cluster/sluice-dev' }];

    expect(['TaskChanged', 'HostChanged', 'SpotWarning'].map(clusterArns)).toStrictEqual([own, own, undefined]);
  });
});

/** Functions that AWS services may call by themselves. */
const callers = () =>
  template()
    .ofType<{ FunctionName: { Ref?: string; 'Fn::GetAtt'?: string[] } }>('AWS::Lambda::Permission')
    .map(([, { FunctionName }]) => FunctionName.Ref ?? FunctionName['Fn::GetAtt']?.[0]);

describe('the sync document', () => {
  const script = () =>
    template().properties<{ Content: { mainSteps: { inputs: { runCommand: string[] } }[] } }>('SyncDocument').Content
      .mainSteps[0]?.inputs.runCommand[0] ?? '';

  type Make = (stage: string, prefix: string) => { Resources: Record<string, object> };
  const { document } = require('../../resources/sync.cjs') as { document: Make };

  it('carries the sync byte for byte, so the packager resolved no variable in it', () => {
    expect(template().resources.SyncDocument).toStrictEqual(document('dev', '/sluice/dev').Resources.SyncDocument);
  });

  it('is the same from whatever folder it is packaged, and contains no path of a machine', async () => {
    const print = "console.log(JSON.stringify(require(process.argv[1]).document('dev', '/sluice/dev')))";
    const elsewhere = await inCopy(async (copy) =>
      execFileSync(process.execPath, ['-e', print, join(copy, 'resources/sync.cjs')], { cwd: tmpdir() }).toString(),
    );

    expect(JSON.parse(elsewhere)).toStrictEqual(document('dev', '/sluice/dev'));
    // Neither a time nor the name of a system is in the header (RFC 1952, 2.3.1): the same on every machine.
    const [, packed = ''] = /<<'END-OF-SYNC'.*\n(.*)\nEND-OF-SYNC\n/.exec(script()) ?? [];
    expect(Buffer.from(packed, 'base64').subarray(0, 10).toString('hex')).toBe('1f8b0800000000000203');
  });

  it('carries a readable program, with the names of its sources and with line numbers', () => {
    const [, packed = ''] = /<<'END-OF-SYNC'.*\n(.*)\nEND-OF-SYNC\n/.exec(script()) ?? [];
    const program = gunzipSync(Buffer.from(packed, 'base64')).toString();

    expect(program).toMatch(/^\/\/ lib\/sync\/sync\.ts\n/m);
    expect(Math.max(...program.split('\n').map(({ length }) => length))).toBeLessThan(1_000);
  });

  it('cannot be packaged when it exceeds 60,000 bytes, and the error says what to do', async () => {
    const long = Array.from({ length: 600 }, (_, n) => createHash('sha512').update(`${n}`).digest('base64'));
    const made = inCopy(async (copy) => {
      appendFileSync(join(copy, 'lib/sync/run.ts'), `process.title = '${long.join('')}';\n`);
      return (require(join(copy, 'resources/sync.cjs')) as { document: Make }).document('dev', '/sluice/dev');
    });

    await expect(made).rejects.toThrow(
      /the SSM document .* would have \d{5,} bytes, and at most 60000 leave room .* make lib\/sync\/ or .* smaller/,
    );
    expect(JSON.stringify(template().resources.SyncDocument).length).toBeLessThan(60_000);
  });

  it('has no parameter of SSM but the generation, and takes only a number for it', () => {
    const { Content } = template().properties<{ Content: { parameters: Record<string, { allowedPattern: string }> } }>(
      'SyncDocument',
    );

    expect(script().match(/\{\{.*?\}\}/g)).toStrictEqual(['{{ Generation }}']);
    expect(Object.values(Content.parameters).map(({ allowedPattern }) => allowedPattern)).toStrictEqual([
      '^[0-9]{1,10}$',
    ]);
  });

  it('has another name for each content, so that no document has a second version', () => {
    const { Name, UpdateMethod, ...rest } = template().properties<Record<string, string>>('SyncDocument');
    const hash = createHash('sha256').update(JSON.stringify(rest)).digest('hex').slice(0, 10);

    expect(Name).toBe(`sluice-dev-sync_${hash}`);
    // Replace, by default. With NewVersion a text under the same name would be an update in place.
    expect(UpdateMethod).toBeUndefined();
  });
});

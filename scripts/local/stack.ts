import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { QueueSettings } from './sqs';
import { readTemplate } from './template';

type Policy = { PolicyDocument: { Statement: { Effect: string; Action: string | string[] }[] } };
type Role = { AssumeRolePolicyDocument: { Statement: { Principal: { Service?: string } }[] }; Policies?: Policy[] };
type Target = { Arn: string; SqsParameters?: { MessageGroupId: string }; Input?: string };
type Queue = {
  QueueName: string;
  VisibilityTimeout?: number;
  MessageRetentionPeriod?: number;
  ContentBasedDeduplication?: boolean;
  RedrivePolicy?: { deadLetterTargetArn: string; maxReceiveCount: number };
};
type Lambda = {
  FunctionName: string;
  Handler: string;
  Timeout?: number;
  MemorySize?: number;
  Role: string;
  Environment?: { Variables: Record<string, string> };
  Code: { S3Key: string };
};

export type QueueTarget = { readonly queueArn: string; readonly group: string };
export type Rule = { readonly name: string; readonly pattern: unknown; readonly targets: readonly QueueTarget[] };
export type Schedule = QueueTarget & { readonly seconds: number; readonly input: string };
export type FunctionSettings = {
  readonly name: string;
  readonly handler: string;
  readonly zip: string;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes: number;
  readonly role: string;
  readonly environment: Readonly<Record<string, string>>;
};
export type Document = {
  readonly name: string;
  readonly parameters: Readonly<Record<string, { readonly default?: string; readonly allowedPattern?: string }>>;
  readonly script: string;
  readonly timeoutSeconds: number;
  readonly bytes: number;
};

/** What the local world plays, read from the package: nothing here is written down twice. */
export function readStack(folder: string, endpoint: string) {
  const template = readTemplate(folder, endpoint);
  const state = JSON.parse(readFileSync(join(folder, 'serverless-state.json'), 'utf8'));
  const target = ({ Arn, SqsParameters }: Target): QueueTarget => ({
    queueArn: Arn,
    group: SqsParameters?.MessageGroupId ?? '',
  });
  const roles = template.all<Role>('AWS::IAM::Role');

  return {
    stage: String(state.service.provider.stage),

    rules: template.all<{ EventPattern: unknown; Targets: Target[] }>('AWS::Events::Rule').map(
      ({ id, properties }): Rule => ({
        name: id,
        pattern: properties.EventPattern,
        targets: properties.Targets.map(target),
      }),
    ),

    schedules: template
      .all<{ ScheduleExpression: string; Target: Target }>('AWS::Scheduler::Schedule')
      .filter(({ properties }) => properties.Target.Arn.startsWith('arn:aws:sqs:'))
      .map(
        ({ properties: { ScheduleExpression, Target } }): Schedule => ({
          ...target(Target),
          seconds: seconds(ScheduleExpression),
          input: Target.Input ?? '',
        }),
      ),

    queues: template.all<Queue>('AWS::SQS::Queue').map(({ properties }) => queueSettings(properties)),

    mappings: template
      .all<{ EventSourceArn: string; FunctionName: string; BatchSize?: number }>('AWS::Lambda::EventSourceMapping')
      .map(({ properties: { EventSourceArn, FunctionName, BatchSize = 10 } }) => ({
        queueArn: EventSourceArn,
        functionArn: FunctionName,
        batchSize: BatchSize,
      })),

    functions: template
      .all<Lambda>('AWS::Lambda::Function')
      .map(({ properties }) => functionSettings(folder, properties)),

    documents: template
      .all<{ Name: string; Content: never }>('AWS::SSM::Document')
      .map(({ properties: { Name, Content } }) => document(Name, Content)),

    /** The actions that a role's policies allow, by the role's logical id. */
    actions: (role: string): ReadonlySet<string> =>
      new Set(roles.filter(({ id }) => id === role).flatMap(({ properties }) => allowed(properties))),

    /** The role that EC2 instances may take, if the template has one. */
    instanceRole: roles.find(({ properties }) =>
      properties.AssumeRolePolicyDocument.Statement.some(({ Principal }) => Principal.Service === 'ec2.amazonaws.com'),
    )?.id,
  };
}

export type Stack = ReturnType<typeof readStack>;

const allowed = ({ Policies = [] }: Role): readonly string[] =>
  Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
    .filter(({ Effect }) => Effect === 'Allow')
    .flatMap(({ Action }) => Action);

const queueSettings = (queue: Queue): QueueSettings => ({
  name: queue.QueueName,
  arn: `arn:aws:sqs:eu-west-2:123456789012:${queue.QueueName}`,
  // AWS: CreateQueue. Thirty seconds, four days.
  visibilitySeconds: queue.VisibilityTimeout ?? 30,
  retentionSeconds: queue.MessageRetentionPeriod ?? 345_600,
  contentBasedDeduplication: queue.ContentBasedDeduplication ?? false,
  ...(queue.RedrivePolicy && {
    maxReceiveCount: queue.RedrivePolicy.maxReceiveCount,
    deadLetterArn: queue.RedrivePolicy.deadLetterTargetArn,
  }),
});

const functionSettings = (folder: string, lambda: Lambda): FunctionSettings => ({
  name: lambda.FunctionName,
  handler: lambda.Handler,
  zip: join(folder, lambda.Code.S3Key.replace(/^.*\//, '')),
  // AWS: CreateFunction. Three seconds, 128 MB.
  timeoutSeconds: lambda.Timeout ?? 3,
  memoryMegabytes: lambda.MemorySize ?? 128,
  role: lambda.Role.replace(/^.*\//, ''),
  environment: lambda.Environment?.Variables ?? {},
});

type Content = {
  parameters: Document['parameters'];
  mainSteps: [{ action: string; inputs: { timeoutSeconds?: string; runCommand: string[] } }];
};

function document(name: string, content: Content): Document {
  const [{ action, inputs }, ...more] = content.mainSteps;
  if (action !== 'aws:runShellScript' || more.length > 0)
    throw new Error(`document ${name}: only one aws:runShellScript is played`);
  return {
    name,
    parameters: content.parameters,
    script: inputs.runCommand.join('\n'),
    timeoutSeconds: Number(inputs.timeoutSeconds ?? 3600),
    bytes: Buffer.byteLength(JSON.stringify(content)),
  };
}

function seconds(expression: string): number {
  const [, count, unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const units: Readonly<Record<string, number>> = { minute: 60, hour: 3600, day: 86_400 };
  return Number(count) * (units[unit] ?? Number.NaN);
}

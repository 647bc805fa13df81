import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Policy } from '../api/iam';
import { allocationId, readTemplate } from './template';

// Properties as CloudFormation names them (AWS: CloudFormation template reference); only those that are played.
export type Target = { Arn: string; SqsParameters?: { MessageGroupId: string }; Input?: string };
export type Rule = { EventPattern: unknown; Targets: Target[] };
export type Schedule = { ScheduleExpression: string; Target: Target };
export type QueueProperties = {
  QueueName: string;
  VisibilityTimeout?: number;
  MessageRetentionPeriod?: number;
  ContentBasedDeduplication?: boolean;
  RedrivePolicy?: { maxReceiveCount: number };
};
export type FunctionProperties = {
  FunctionName: string;
  Handler: string;
  Role: string;
  Timeout?: number;
  MemorySize?: number;
  Environment?: { Variables: Record<string, string> };
  Code: { S3Key: string };
};
type Mapping = { EventSourceArn: string; FunctionName: string; BatchSize?: number };
export type Document = {
  Name: string;
  Content: {
    parameters: Record<string, { default?: string; allowedPattern?: string }>;
    mainSteps: { action: string; inputs: { timeoutSeconds?: string; runCommand: string[] } }[];
  };
};
type Association = { Name: string; Targets: { Key: string; Values: string[] }[] };
type Tag = { Key: string; Value: string };
type LaunchTemplate = {
  LaunchTemplateData: { UserData: string; TagSpecifications: { ResourceType: string; Tags: Tag[] }[] };
};
type GroupProperties = {
  AutoScalingGroupName: string;
  LaunchTemplate: { LaunchTemplateId: string };
  LifecycleHookSpecificationList?: { LifecycleHookName: string; DefaultResult: string; HeartbeatTimeout: number }[];
};
/** A group of proxies, with what is launched for it. */
export type Group = GroupProperties & { readonly userData: string; readonly tags: Readonly<Record<string, string>> };
type Role = { Policies?: { PolicyDocument: Policy }[] };

/** Reads from the package all that the local world plays. */
export function readStack(folder: string, endpoint: string, addresses: readonly string[] = []) {
  const all = readTemplate(folder, endpoint, addresses);
  const properties = <Properties>(type: string) => all<Properties>(type).map((resource) => resource.properties);
  const roles = all<Role>('AWS::IAM::Role');
  const schedules = properties<Schedule>('AWS::Scheduler::Schedule');
  return {
    folder,
    stage: String(JSON.parse(readFileSync(join(folder, 'serverless-state.json'), 'utf8')).service.provider.stage),
    rules: properties<Rule>('AWS::Events::Rule'),
    schedules: schedules.filter(({ Target }) => Target.Arn.includes(':sqs:')),
    /** Schedules that invoke a function: started by hand only, for they lie half a day apart. */
    rareSchedules: schedules.filter(({ Target }) => Target.Arn.includes(':function:')),
    queues: properties<QueueProperties>('AWS::SQS::Queue'),
    mappings: properties<Mapping>('AWS::Lambda::EventSourceMapping'),
    functions: properties<FunctionProperties>('AWS::Lambda::Function'),
    documents: properties<Document>('AWS::SSM::Document'),
    associations: properties<Association>('AWS::SSM::Association'),
    groups: groupsOf(all),
    addresses: all<{ Tags: Tag[] }>('AWS::EC2::EIP').map(({ id, properties: { Tags } }) => ({
      allocationId: allocationId(id),
      tags: tagged(Tags),
    })),
    roles: roles.map(({ id }) => id),
    /** The policies of a role, by its logical id. */
    policies: (role: string): readonly Policy[] =>
      roles
        .filter(({ id }) => id === role)
        .flatMap(({ properties: { Policies = [] } }) => Policies.map(({ PolicyDocument }) => PolicyDocument)),
    instanceRole: 'ProxyRole',
  };
}

export type Stack = ReturnType<typeof readStack>;

/** One group for each slot, in their order. */
const groupsOf = (all: ReturnType<typeof readTemplate>): Group[] =>
  all<GroupProperties>('AWS::AutoScaling::AutoScalingGroup', /^ProxyGroup/).map(({ properties: group }) => {
    const [launched] = all<LaunchTemplate>('AWS::EC2::LaunchTemplate', group.LaunchTemplate.LaunchTemplateId);
    const { UserData = '', TagSpecifications = [] } = launched?.properties.LaunchTemplateData ?? {};
    const tags = tagged(TagSpecifications.find(({ ResourceType }) => ResourceType === 'instance')?.Tags ?? []);
    return { ...group, userData: Buffer.from(UserData, 'base64').toString(), tags };
  });

const tagged = (tags: readonly Tag[]): Readonly<Record<string, string>> =>
  Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { fail } from '../api/errors';

type Resource = { readonly Type: string; readonly Properties: Record<string, unknown> };
type Template = {
  readonly resources: Readonly<Record<string, Resource>>;
  readonly endpoint: string;
  readonly addresses: readonly string[];
};

export const account = '123456789012';
export const region = 'eu-west-2';
export const stackId = `arn:aws:cloudformation:${region}:${account}:stack/sluice-local/6a1c2f40-0000-4000-8000-000000000000`;
const pseudo: Readonly<Record<string, string>> = {
  'AWS::AccountId': account,
  'AWS::Region': region,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::StackName': 'sluice-local',
  'AWS::StackId': stackId,
};

/**
 * The packaged template as CloudFormation would resolve it for a made-up account; queue URLs lead to `endpoint`.
 * `addresses` are what the Elastic IPs are here. A resource is resolved when it is asked for, so that a function unknown here matters only where it is used.
 */
export function readTemplate(folder: string, endpoint: string, addresses: readonly string[] = []) {
  const text = readFileSync(join(folder, 'cloudformation-template-update-stack.json'), 'utf8');
  const { Resources: resources } = JSON.parse(text) as { Resources: Record<string, Resource> };
  const template: Template = { resources, endpoint, addresses };
  /** The resources of one type, resolved, with their logical ids; or only those that a name or a pattern means. */
  return <Properties>(
    type: string,
    meant: string | RegExp = /^/,
  ): readonly { readonly id: string; readonly properties: Properties }[] =>
    Object.entries(resources)
      .filter(([id, resource]) => resource.Type === type && (typeof meant === 'string' ? id === meant : meant.test(id)))
      .map(([id, { Properties }]) => ({ id, properties: resolve(template, Properties) as Properties }));
}

function resolve(template: Template, node: unknown): unknown {
  if (Array.isArray(node)) return node.map((each) => resolve(template, each));
  if (typeof node !== 'object' || node === null) return node;
  const [[key, argument] = ['', undefined], ...others] = Object.entries(node);
  const isCall = others.length === 0 && /^(Ref|Fn::\w+)$/.test(key);
  if (!isCall) return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, resolve(template, value)]));
  const call = functions[key] ?? fail(`the local world does not know ${key}`);
  return call(template, argument as never);
}

const functions: Readonly<Record<string, (template: Template, argument: never) => unknown>> = {
  Ref: ref,
  'Fn::GetAtt': (template, path: string | [string, string]) =>
    attribute(template, ...((typeof path === 'string' ? path.split('.') : path) as [string, string])),
  'Fn::Sub': (template, text: string | [string, Record<string, unknown>]) =>
    typeof text === 'string' ? substitute(template, text) : substitute(template, ...text),
  'Fn::Base64': (template, text: unknown) => Buffer.from(String(resolve(template, text))).toString('base64'),
  'Fn::Join': (template, [mark, parts]: [string, unknown[]]) => parts.map((part) => resolve(template, part)).join(mark),
};

const named = ({ resources }: Template, id: string): Resource =>
  resources[id] ?? fail(`the packaged template has no resource ${id}`);
const property = (template: Template, id: string, name: string): string =>
  String(resolve(template, named(template, id).Properties[name] ?? id));

/** By type: the property that names a resource, which else has its logical id, and how its ARN begins. */
const types: Readonly<Record<string, readonly [name: string, arn?: string]>> = {
  'AWS::SQS::Queue': ['QueueName', `sqs:${region}:${account}:`],
  'AWS::SSM::Document': ['Name'],
  'AWS::Lambda::Function': ['FunctionName', `lambda:${region}:${account}:function:`],
  'AWS::ECS::Cluster': ['ClusterName', `ecs:${region}:${account}:cluster/`],
  'AWS::Events::Rule': ['', `events:${region}:${account}:rule/`],
  'AWS::IAM::Role': ['', `iam::${account}:role/`],
  'AWS::IAM::InstanceProfile': ['', `iam::${account}:instance-profile/`],
  'AWS::SNS::Topic': ['', `sns:${region}:${account}:sluice-local-`],
};

function ref(template: Template, id: string): string {
  const known = pseudo[id];
  if (known !== undefined) return known;
  const { Type } = named(template, id);
  const name = property(template, id, types[Type]?.[0] ?? '');
  if (Type === 'AWS::EC2::EIP') return template.addresses[Number(/\d+$/.exec(id)) - 1] ?? '192.0.2.1';
  if (Type === 'AWS::SNS::Topic') return attribute(template, id, 'Arn');
  return Type === 'AWS::SQS::Queue' ? `${template.endpoint}/${account}/${name}` : name;
}

function attribute(template: Template, id: string, name: string): string {
  if (name === 'QueueName') return property(template, id, name);
  if (name === 'AllocationId') return allocationId(id);
  if (name === 'GroupId' || name === 'LatestVersionNumber') return `${name} of ${id}`;
  const { Type } = named(template, id);
  const [naming = '', arn] = types[Type] ?? [];
  if (name !== 'Arn' || arn === undefined) fail(`the local world knows no attribute ${name} of ${id}, a ${Type}`);
  return `arn:aws:${arn}${property(template, id, naming)}`;
}

const substitute = (template: Template, text: string, own: Readonly<Record<string, unknown>> = {}): string =>
  text.replace(/\$\{(!?)([^}]+)\}/g, (_, literal, name: string) => {
    if (literal) return `\${${name}}`;
    if (name in own) return String(resolve(template, own[name]));
    const [id = '', ...path] = name.split('.');
    return path.length > 0 ? attribute(template, id, path.join('.')) : ref(template, id);
  });

/** Made up, and the same whenever the template is read. */
export const allocationId = (id: string): string =>
  `eipalloc-${createHash('sha256').update(id).digest('hex').slice(0, 17)}`;

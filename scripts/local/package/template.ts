import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

type Resource = { readonly Type: string; readonly Properties: Record<string, unknown> };

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
  const { Resources } = JSON.parse(text) as { Resources: Record<string, Resource> };

  const named = (id: string): Resource => Resources[id] ?? fail(`the packaged template has no resource ${id}`);
  const property = (id: string, name: string): string => String(resolve(named(id).Properties[name] ?? id));

  function ref(id: string): string {
    const known = pseudo[id];
    if (known !== undefined) return known;
    if (named(id).Type === 'AWS::SQS::Queue') return `${endpoint}/${account}/${property(id, 'QueueName')}`;
    if (named(id).Type === 'AWS::EC2::EIP') return addresses[Number(/\d+$/.exec(id)) - 1] ?? '192.0.2.1';
    const names: Readonly<Record<string, string>> = {
      'AWS::SSM::Document': 'Name',
      'AWS::Lambda::Function': 'FunctionName',
      'AWS::ECS::Cluster': 'ClusterName',
    };
    return property(id, names[named(id).Type] ?? '');
  }

  function attribute(id: string, name: string): string {
    if (name === 'QueueName') return property(id, name);
    if (name === 'AllocationId') return allocationId(id);
    if (name === 'GroupId' || name === 'LatestVersionNumber') return `${name} of ${id}`;
    if (name !== 'Arn') fail(`the local world knows no attribute ${id}.${name}`);
    const arn = (service: string, path: string) => `arn:aws:${service}:${region}:${account}:${path}`;
    const arns: Readonly<Record<string, () => string>> = {
      'AWS::SQS::Queue': () => arn('sqs', property(id, 'QueueName')),
      'AWS::Lambda::Function': () => arn('lambda', `function:${property(id, 'FunctionName')}`),
      'AWS::IAM::Role': () => `arn:aws:iam::${account}:role/${id}`,
      'AWS::ECS::Cluster': () => arn('ecs', `cluster/${property(id, 'ClusterName')}`),
      'AWS::Events::Rule': () => arn('events', `rule/${id}`),
      'AWS::IAM::InstanceProfile': () => `arn:aws:iam::${account}:instance-profile/${id}`,
    };
    return arns[named(id).Type]?.() ?? fail(`the local world knows no ARN for a ${named(id).Type}`);
  }

  const substitute = (text: string, own: Readonly<Record<string, unknown>> = {}): string =>
    text.replace(/\$\{(!?)([^}]+)\}/g, (_, literal, name: string) => {
      if (literal) return `\${${name}}`;
      const [id = '', ...path] = name.split('.');
      return String(name in own ? resolve(own[name]) : path.length > 0 ? attribute(id, path.join('.')) : ref(id));
    });

  const functions: Readonly<Record<string, (argument: never) => unknown>> = {
    Ref: ref,
    'Fn::GetAtt': (path: string | [string, string]) =>
      attribute(...((typeof path === 'string' ? path.split('.') : path) as [string, string])),
    'Fn::Sub': (text: string | [string, Record<string, unknown>]) =>
      typeof text === 'string' ? substitute(text) : substitute(...text),
    'Fn::Base64': (text: unknown) => Buffer.from(String(resolve(text))).toString('base64'),
    'Fn::Join': ([mark, parts]: [string, unknown[]]) => parts.map(resolve).join(mark),
  };

  function resolve(node: unknown): unknown {
    if (Array.isArray(node)) return node.map(resolve);
    if (typeof node !== 'object' || node === null) return node;
    const [[key, argument] = ['', undefined], ...others] = Object.entries(node);
    const call = others.length === 0 && /^(Ref|Fn::\w+)$/.test(key);
    if (call) return (functions[key] ?? fail(`the local world does not know ${key}`))(argument as never);
    return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, resolve(value)]));
  }

  /** The resources of one type, resolved, with their logical ids; or only those that a name or a pattern means. */
  return <Properties>(
    type: string,
    meant: string | RegExp = /^/,
  ): readonly { readonly id: string; readonly properties: Properties }[] =>
    Object.entries(Resources)
      .filter(([id, resource]) => resource.Type === type && (typeof meant === 'string' ? id === meant : meant.test(id)))
      .map(([id, { Properties }]) => ({ id, properties: resolve(Properties) as Properties }));
}

/** Made up, and the same whenever the template is read. */
export const allocationId = (id: string): string =>
  `eipalloc-${createHash('sha256').update(id).digest('hex').slice(0, 17)}`;

const fail = (message: string): never => {
  throw new Error(message);
};

import { createReadStream, type ReadStream, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { DescribeTaskDefinitionCommand, ECSClient } from '@aws-sdk/client-ecs';

import { always } from '../../../lib/aws/calls';
import { quote } from '../../../lib/printable';
import { type Deps, type Given, Stop } from '../verb';
import { NotJson, readJson } from './json';

/** `name` is what ECS calls it. */
export type Source = { readonly value: unknown; readonly twice: readonly string[]; readonly name?: string };

/** ECS takes 64 KB, and CloudFormation a template of 1 MB (AWS: service quotas). */
const mostBytes = 2_000_000;

/** From a file, from standard input for `-`, or else from ECS. @throws Stop */
export async function readSource(word: string, given: Given, deps: Deps): Promise<Source> {
  if (word === '-') return parse('standard input', await bytesOf(process.stdin, 'standard input'));
  const path = resolve(deps.cwd, word);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) throw new Stop(`${quote(word)} is a folder: name a file with a task definition.`);
  if (found) return parse(quote(word), await bytesOf(createReadStream(path), quote(word)));
  if (/^arn:[\w:/-]+$|^[A-Za-z0-9_-]{1,255}(:\d{1,9})?$/.test(word))
    return { value: await describe(word, given, deps), twice: [], name: word.replace(/^.*\//, '') };
  throw new Stop(`There is no file ${quote(word)}, and it is no family:revision and no ARN of a task definition.`);
}

async function bytesOf(stream: ReadStream | NodeJS.ReadStream, what: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of stream as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > mostBytes) throw new Stop(`${what} is longer than 2 MB: a task definition has at most 64 KB.`);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof Stop) throw error;
    throw new Stop(`${what} cannot be read: ${(error as Error).message}. Check its rights.`);
  }
  return Buffer.concat(parts);
}

function parse(what: string, bytes: Buffer): Source {
  try {
    return readJson(decoded(bytes));
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    throw new Stop(`${what} is no JSON that can be read: ${error.message}. ${asJson}`);
  }
}

const asJson = 'For a template in YAML: `cdk synth --json`, or give the family that is registered.';

/** PowerShell writes UTF-16. */
const decoded = (bytes: Buffer): string =>
  bytes.toString(bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf16le' : 'utf8').replace(/^\ufeff/, '');

async function describe(taskDefinition: string, { region }: Given, { config }: Deps): Promise<unknown> {
  const ecs = new ECSClient(config(region));
  const answer = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition })).catch((error: Error) => {
    if (error.name !== 'ClientException' && error.name !== 'InvalidParameterException') throw error;
    const words = `There is no file ${quote(taskDefinition)} here, and ECS has no such task definition in ${region}`;
    throw new Stop(`${words}: check the name, and --region.`);
  });
  return always('taskDefinition', answer.taskDefinition);
}

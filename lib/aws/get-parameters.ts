import {
  GetParametersCommand,
  type GetParametersCommandOutput,
  type Parameter,
  type SSMClient,
} from '@aws-sdk/client-ssm';

import { answerTo, plainName, withoutArn } from '../generation/parameter-name';
import { batches } from './batches';
import { doing } from './doing';
import { always, alwaysList } from './malformed';

/** Reads parameters, ten a call (AWS: GetParameters), by the name or `name:version` that was asked for. */
export async function getParameters(
  client: SSMClient,
  names: readonly string[],
  otherwise?: string,
): Promise<ReadonlyMap<string, Parameter>> {
  const found = new Map<string, Parameter>();
  for (const Names of batches(names, 10)) {
    const told = client.send(new GetParametersCommand({ Names })).then((answer) => toldOfAll(Names, answer));
    for (const [name, parameter] of await doing(`Reading ${Names}`, told, otherwise)) found.set(name, parameter);
  }
  return found;
}

/** What is not there is named as well: a parameter that is not told about would count as never written. */
function toldOfAll(
  names: readonly string[],
  { Parameters, InvalidParameters: missing = [] }: GetParametersCommandOutput,
): readonly (readonly [string, Parameter])[] {
  const answered = alwaysList('Parameters', Parameters);
  for (const { Value, Version } of answered)
    always('Value and Version', Value, Value !== undefined && Version !== undefined);
  return names.flatMap((name) => {
    const parameter = answerTo(name, answered);
    if (parameter) return [[name, parameter] as const];
    const isMissing = missing.some((each) => [name, plainName(name)].includes(withoutArn(each)));
    always(name, name, isMissing);
    return [];
  });
}

import {
  GetParametersCommand,
  type GetParametersCommandOutput,
  type Parameter,
  type SSMClient,
} from '@aws-sdk/client-ssm';

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
    for (const parameter of await doing(`Reading ${Names}`, told, otherwise))
      found.set(selectorOf(parameter), parameter);
  }
  return found;
}

/** What is not there is named as well: a parameter that is not told about would count as never written. */
function toldOfAll(names: readonly string[], answer: GetParametersCommandOutput): readonly Parameter[] {
  const { InvalidParameters: missing = [] } = answer;
  const found = alwaysList('Parameters', answer.Parameters);
  for (const { Value, Version } of found)
    always('Value and Version', Value, Value !== undefined && Version !== undefined);
  const told = new Set([...found.map(selectorOf), ...missing]);
  for (const name of names) always(name, name, told.has(name) || told.has(name.replace(/:\d+$/, '')));
  return found;
}

const selectorOf = ({ Name, Selector = '' }: Parameter): string => `${Name}${Selector}`;

import {
  DeleteParametersCommand,
  GetParametersCommand,
  type GetParametersCommandOutput,
  type Parameter,
  PutParameterCommand,
  paginateGetParametersByPath,
  type SSMClient,
} from '@aws-sdk/client-ssm';

import type { Secret, Secrets } from '../fleet/fleet';
import { answerTo, plainName, withoutArn } from '../generation/generation';
import { always, alwaysList, batches, collect, doing, drain, isDenial, MalformedAnswer } from './calls';

/** AWS: GetParameters, DeleteParameters. */
export const namesPerCall = 10;
/** AWS takes 40 a second unless more are paid for (AWS: Parameter Store, throughput). */
const readAtOnce = 4;

export async function getParameters(
  client: SSMClient,
  names: readonly string[],
  otherwise?: string,
): Promise<ReadonlyMap<string, Parameter>> {
  const found = new Map<string, Parameter>();
  await drain(batches(names, namesPerCall), readAtOnce, async (Names) => {
    const answered = client.send(new GetParametersCommand({ Names })).then((answer) => parametersIn(answer, Names));
    for (const [name, parameter] of await doing(`Reading ${Names}`, answered, otherwise)) found.set(name, parameter);
  });
  return found;
}

/** Danger: a name that is neither answered nor invalid must not count as never written. */
function parametersIn(
  { Parameters, InvalidParameters: invalid = [] }: GetParametersCommandOutput,
  names: readonly string[],
): readonly (readonly [string, Parameter])[] {
  const answered = alwaysList('Parameters', Parameters);
  for (const { Value, Version } of answered) [always('Value', Value), always('Version', Version)];
  return names.flatMap((name) => {
    const parameter = answerTo(name, answered);
    if (parameter) return [[name, parameter] as const];
    const isInvalid = invalid.some((each) => [name, plainName(name)].includes(withoutArn(each)));
    if (!isInvalid) throw new MalformedAnswer(`AWS answered without ${name}`);
    return [];
  });
}

/** Decrypts none. A denial concerns only the services with a secret, so it is a fault of theirs. @throws any other error */
export const secretReader =
  (client: SSMClient, prefix: string) =>
  async (named: readonly string[]): Promise<Secrets> => {
    const parameterOf = (key: string) => `${prefix}/auth/${key}`;
    try {
      const found = await getParameters(client, named.map(parameterOf));
      return new Map(named.map((key) => [key, secretIn(parameterOf(key), found.get(parameterOf(key)))]));
    } catch (error) {
      const { message, cause } = error as Error;
      if (!(cause instanceof Error && isDenial(cause))) throw error;
      return new Map(named.map((key) => [key, { fault: message }]));
    }
  };

function secretIn(name: string, found: Parameter | undefined): Secret {
  const command = `aws ssm put-parameter --type SecureString --name ${name} --value file://users.txt`;
  if (found === undefined) return { fault: `${name} does not exist; store it: ${command}` };
  const { Type, Version, LastModifiedDate } = found;
  if (always('Type', Type) !== 'SecureString')
    return { fault: `${name} is not encrypted; delete it, and store it again: ${command}` };
  const seconds = Math.floor(always('LastModifiedDate', LastModifiedDate).getTime() / 1000);
  return { version: `${always('Version', Version)}.${seconds}` };
}

type Put = {
  readonly type?: 'String' | 'SecureString';
  /** At most 1,024 characters, kept with the version (AWS: PutParameter). */
  readonly description?: string;
  readonly otherwise?: string;
};

/** Returns the new version. Above 4 KB AWS takes the advanced tier, up to 8 KB, which costs money (AWS: parameter tiers). */
export function putParameter(
  client: SSMClient,
  Name: string,
  Value: string,
  { type: Type = 'String', description, otherwise }: Put = {},
): Promise<number> {
  const about = description === undefined ? {} : { Description: description };
  const command = new PutParameterCommand({
    Name,
    Value,
    Type,
    Overwrite: true,
    Tier: 'Intelligent-Tiering',
    ...about,
  });
  const written = client.send(command).then(({ Version }) => always('Version', Version));
  const checked = Type === 'String' ? written : written.catch((error) => Promise.reject(withoutSecret(error, Value)));
  return doing(`Writing ${Name}`, checked, otherwise);
}

/** Secret: AWS may repeat a refused value, whole or in part, so only the name of the error is passed on. */
function withoutSecret({ name, message }: Error, secret: string): Error {
  const pieces = Array.from(secret, (_, at) => secret.slice(at, at + pieceLength));
  const repeats = pieces.some((piece) => piece.length === pieceLength && message.includes(piece));
  return Object.assign(new Error(repeats ? 'its message repeats a secret, so it is not shown' : message), { name });
}

/** Shorter pieces occur in any sentence. */
const pieceLength = 12;

const byHand = 'remove the stack again, or the parameters by hand';

/** Lists secrets without reading them. */
export const stageParameters = (client: SSMClient, prefix: string) => ({
  list: async (): Promise<readonly string[]> => {
    const pages = paginateGetParametersByPath({ client }, { Path: prefix, Recursive: true, WithDecryption: false });
    const names = collect(pages).then((all) =>
      all.flatMap(({ Parameters }) => alwaysList('Parameters', Parameters)).map(({ Name }) => always('Name', Name)),
    );
    return doing(`Listing what is below ${prefix}`, names, byHand);
  },

  remove: async (names: readonly string[]): Promise<void> => {
    for (const Names of batches(names, namesPerCall)) {
      await doing(`Removing ${Names[0]}`, client.send(new DeleteParametersCommand({ Names })), byHand);
    }
  },
});

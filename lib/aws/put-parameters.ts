import { PutParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';

import { currentName, type Generation, type Piece, pieceName, printGeneration, sha256 } from '../generation/generation';
import { pack } from '../generation/pack';
import { doing } from './doing';
import { always } from './malformed';

/** Writes a file into as many parameters as it needs. */
export async function putPiece(client: SSMClient, prefix: string, name: string, text: string): Promise<Piece> {
  const versions: number[] = [];
  for (const [part, value] of pack(text).entries())
    versions.push(await put(client, pieceName(prefix, name, part), value));
  return { name, sha256: sha256(text), versions };
}

/** Writes the pointer, last of all. Gives the number of the new generation. */
export async function putCurrent(client: SSMClient, prefix: string, generation: Generation): Promise<number> {
  const [value = '', ...more] = printGeneration(generation);
  if (more.length > 0)
    throw new Error(
      `${generation.files.length} files are more than haproxy/current can list; nothing was published, serve fewer services per stage`,
    );
  return put(client, currentName(prefix), value);
}

/** Free up to 4 KB; beyond that AWS asks for the advanced tier, at most 8 KB (AWS: Parameter Store, parameter tiers). */
async function put(client: SSMClient, Name: string, Value: string): Promise<number> {
  const command = new PutParameterCommand({
    Name,
    Value,
    Type: 'String',
    Overwrite: true,
    Tier: 'Intelligent-Tiering',
  });
  const written = client.send(command).then(({ Version }) => always('Version', Version));
  return doing(`Writing ${Name}`, written);
}

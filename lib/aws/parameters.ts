import type { SSMClient } from '@aws-sdk/client-ssm';
import {
  certificateIndexName,
  currentName,
  type Piece,
  parseCertificates,
  parseGeneration,
  pieceName,
  sha256,
} from '../generation/generation';
import { unpack } from '../generation/pack';
import { type Backend, parseBackend } from '../haproxy/backend';
import type { Deps, Published } from '../reconcile';
import { getParameters } from './get-parameters';
import { putCurrent, putPiece } from './put-parameters';

/** Published configurations in Parameter Store, below a stage's prefix. A version never changes, so it is read once. */
export function parameterStore(client: SSMClient, prefix: string): Pick<Deps, 'readPublished' | 'publish'> {
  const seen = new Map<string, string>();
  const written = new Map<string, Piece>();
  return {
    readPublished: (afresh) => {
      if (afresh) seen.clear();
      return readPublished(client, prefix, seen);
    },
    publish: async (changed, all, { generation, certificates }) => {
      const known = new Map(generation?.files.map((piece) => [piece.name, piece]));
      for (const { name, text } of changed) {
        // A run that is cut off goes on where it was: Parameter Store takes about three writes a second.
        const half = written.get(name);
        const piece = half?.sha256 === sha256(text) ? half : await putPiece(client, prefix, name, text);
        written.set(name, piece);
        known.set(name, piece);
      }
      const files = all.flatMap(({ name }) => known.get(name) ?? []);
      const number = await putCurrent(client, prefix, { files, certificates });
      written.clear();
      return number;
    },
  };
}

async function readPublished(client: SSMClient, prefix: string, seen: Map<string, string>): Promise<Published> {
  const found = await getParameters(client, [currentName(prefix), certificateIndexName(prefix)]);
  const number = found.get(currentName(prefix))?.Version ?? 0;
  const current = read(
    `${currentName(prefix)} version ${number}`,
    found.get(currentName(prefix))?.Value,
    parseGeneration,
    writtenAnew,
  );
  const index = read(
    certificateIndexName(prefix),
    found.get(certificateIndexName(prefix))?.Value,
    parseCertificates,
    'the published certificates stay; put an older version back, or delete it and invoke renew',
  );
  const pieces = await readPieces(client, prefix, current.value?.files ?? [], seen);
  const faults = [...current.faults, ...index.faults, ...pieces.flatMap(({ faults }) => faults)];

  // An absent or damaged index is not an empty one: what is published stays.
  const certificates = index.value ?? current.value?.certificates ?? [];
  const backends = pieces.flatMap(({ value = [] }) => value);
  if (current.value === undefined) return { number, backends, certificates, faults };
  // What could not be read does not count as published: it is written anew from what ECS runs.
  const damaged = new Set(pieces.filter(({ value }) => value === undefined).map(({ name }) => name));
  const files = current.value.files.filter(({ name }) => !damaged.has(name));
  return { number, generation: { ...current.value, files }, backends, certificates, faults };
}

type Read<Value> = { readonly value?: Value; readonly faults: readonly string[] };

/** Only what is damaged is a fault; a call that fails is an error, and nothing may be concluded from it. */
function read<Value>(
  what: string,
  text: string | undefined,
  parse: (text: string) => Value,
  remedy: string,
): Read<Value> {
  if (text === undefined) return { faults: [] };
  try {
    return { value: parse(text), faults: [] };
  } catch (error) {
    return { faults: [`${what} is damaged (${(error as Error).message}); ${remedy}`] };
  }
}

/** Every piece is checked, also those that hold no backend: a new instance needs them all. */
async function readPieces(
  client: SSMClient,
  prefix: string,
  files: readonly Piece[],
  seen: Map<string, string>,
): Promise<readonly (Read<readonly Backend[]> & { readonly name: string })[]> {
  const wanted = files.flatMap((piece) => selectors(prefix, piece));
  for (const selector of seen.keys()) if (!wanted.includes(selector)) seen.delete(selector);
  const fetched = await getParameters(
    client,
    wanted.filter((selector) => !seen.has(selector)),
  );
  for (const [selector, { Value = '' }] of fetched) seen.set(selector, Value);

  return files.map((piece) => {
    const parts = selectors(prefix, piece).map((selector) => seen.get(selector) ?? '');
    return {
      name: piece.name,
      ...read(selectors(prefix, piece).join(' and '), parts.join(''), (text) => checked(text, piece), writtenAnew),
    };
  });
}

const writtenAnew = 'it is written anew from what ECS runs';

function checked(packed: string, { name, sha256: hash }: Piece): readonly Backend[] {
  const text = unpack([packed]);
  if (sha256(text) !== hash) throw new Error('missing, or not what haproxy/current lists');
  return name.startsWith('50-') ? [parseBackend(text)] : [];
}

const selectors = (prefix: string, { name, versions }: Piece): readonly string[] =>
  versions.map((version, part) => `${pieceName(prefix, name, part)}:${version}`);

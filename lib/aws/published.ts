import type { SSMClient } from '@aws-sdk/client-ssm';
import type { Published } from '../decide';
import { faultsName, parseKept } from '../faults/faults';
import {
  certificateIndexName,
  currentName,
  type Piece,
  pack,
  parseCertificates,
  parseGeneration,
  pieceName,
  printGeneration,
  sha256,
  unpack,
} from '../generation/generation';
import { type Backend, parseBackend } from '../haproxy/backend';
import type { File } from '../haproxy/render';
import type { Deps } from '../reconcile';
import { within } from './calls';
import { getParameters, namesPerCall, putParameter } from './parameters';

/** Values by name and version. */
type Seen = Map<string, string>;

/** A version never changes, so it is read once. */
export function parameterStore(client: SSMClient, prefix: string): Pick<Deps, 'readPublished' | 'publish'> {
  const seen: Seen = new Map();
  const written = new Map<string, Piece>();
  return {
    readPublished: (afresh) => readPublished(client, prefix, seen, afresh),
    publish: async (changed, all, { generation, certificates }, why) => {
      const known = new Map(generation?.files.map((piece) => [piece.name, piece]));
      for (const file of changed) {
        // A run after one that was cut off skips what that one wrote: Parameter Store takes about three writes a second.
        const half = written.get(file.name);
        const piece = half?.sha256 === sha256(file.text) ? half : await putPiece(client, prefix, file, seen);
        written.set(file.name, piece);
        known.set(file.name, piece);
      }
      const [value = '', ...more] = printGeneration({
        files: all.flatMap(({ name }) => known.get(name) ?? []),
        certificates,
      });
      if (more.length > 0) throw new Error(`${all.length} files are more than haproxy/current can list`);
      // The pointer is written last: no reader uses the files before it names them.
      const number = await putParameter(
        client,
        currentName(prefix),
        value,
        why === undefined ? {} : { description: why },
      );
      written.clear();
      return number;
    },
  };
}

export const faultKeeper =
  (client: SSMClient, prefix: string): Deps['keepFaults'] =>
  async (text) => {
    const name = faultsName(prefix);
    const written = putParameter(client, name, text, { otherwise: 'the next run writes it again' });
    await within(patienceMs, `Writing ${name}`, written);
  };

async function putPiece(client: SSMClient, prefix: string, { name, text }: File, seen: Seen): Promise<Piece> {
  const versions: number[] = [];
  for (const [part, value] of pack(text).entries()) {
    const version = await putParameter(client, pieceName(prefix, name, part), value);
    seen.set(`${pieceName(prefix, name, part)}:${version}`, value);
    versions.push(version);
  }
  return { name, sha256: sha256(text), versions };
}

async function readPublished(client: SSMClient, prefix: string, seen: Seen, afresh: boolean): Promise<Published> {
  const [currentAt, indexAt, faultsAt] = [currentName(prefix), certificateIndexName(prefix), faultsName(prefix)];
  // The first call has room for pieces that are probably still listed.
  const likely = afresh ? [...seen.keys()].slice(0, namesPerCall - 3) : [];
  if (afresh) seen.clear();
  const found = await getParameters(client, [currentAt, indexAt, faultsAt, ...likely]);
  for (const selector of likely) seen.set(selector, found.get(selector)?.Value ?? '');
  const number = found.get(currentAt)?.Version ?? 0;
  const current = parse(`${currentAt} version ${number}`, found.get(currentAt)?.Value, parseGeneration, writtenAnew);
  const index = parse(indexAt, found.get(indexAt)?.Value, parseCertificates, indexRemedy);
  const pieces = await readPieces(client, prefix, current.value?.files ?? [], seen);
  const faults = [...current.faults, ...index.faults, ...pieces.flatMap(({ faults }) => faults)];
  const { kept, damage } = parseKept(found.get(faultsAt)?.Value);
  const told = { kept, ...(damage !== undefined && { damage: `${faultsAt} is damaged (${damage}); ${faultsRemedy}` }) };

  // An absent or damaged index is not an empty one: the published certificates stay.
  const certificates = index.value ?? current.value?.certificates ?? [];
  const backends = pieces.flatMap(({ value = [] }) => value);
  if (current.value === undefined) return { number, backends, certificates, faults, ...told };
  // A damaged piece counts as unpublished, so that it is written again.
  const damaged = new Set(pieces.filter(({ value }) => value === undefined).map(({ name }) => name));
  const files = current.value.files.filter(({ name }) => !damaged.has(name));
  return { number, generation: { ...current.value, files }, backends, certificates, faults, ...told };
}

/** The faults may wait for the next run. */
const patienceMs = 3_000;

const writtenAnew = 'it is written again from what ECS runs';
const faultsRemedy = 'it is written anew, and what was mailed may be mailed again';
const indexRemedy = 'the published certificates stay; put an older version back, or delete it and invoke renew';

type Parsed<Value> = { readonly value?: Value; readonly faults: readonly string[] };

/** Damaged text is a fault; a failed call is an error, because then nothing is known. */
function parse<Value>(
  what: string,
  text: string | undefined,
  read: (text: string) => Value,
  remedy: string,
): Parsed<Value> {
  if (text === undefined) return { faults: [] };
  try {
    return { value: read(text), faults: [] };
  } catch (error) {
    return { faults: [`${what} is damaged (${(error as Error).message}); ${remedy}`] };
  }
}

/** Checks every piece, also those that hold no backend: a new instance needs them all. */
async function readPieces(
  client: SSMClient,
  prefix: string,
  files: readonly Piece[],
  seen: Seen,
): Promise<readonly (Parsed<readonly Backend[]> & { readonly name: string })[]> {
  const wanted = files.flatMap((piece) => selectors(prefix, piece));
  for (const selector of seen.keys()) if (!wanted.includes(selector)) seen.delete(selector);
  const unread = wanted.filter((selector) => !seen.has(selector));
  for (const [selector, { Value = '' }] of await getParameters(client, unread)) seen.set(selector, Value);

  return files.map((piece) => {
    const own = selectors(prefix, piece);
    const packed = own.map((selector) => seen.get(selector) ?? '').join('');
    return { name: piece.name, ...parse(own.join(' and '), packed, (text) => backendsIn(text, piece), writtenAnew) };
  });
}

function backendsIn(packed: string, { name, sha256: hash }: Piece): readonly Backend[] {
  const text = unpack([packed]);
  if (sha256(text) !== hash) throw new Error('missing, or not what haproxy/current lists');
  return name.startsWith('50-') ? [parseBackend(text)] : [];
}

const selectors = (prefix: string, { name, versions }: Piece): readonly string[] =>
  versions.map((version, part) => `${pieceName(prefix, name, part)}:${version}`);

import { withoutUsers, withUsers } from '../edge/users';
import { currentName, type Piece, parseGeneration, pieceName, sha256, unpack } from '../generation/generation';
import type { File } from '../haproxy/render';
import type { Parameter, Parameters } from './aws/calls';
import type { Current, Installed } from './disk/installed';
import { fetchCertificates, type Source, withCertificates } from './pem';

/** `faults` say why stored certificates and secrets cannot be used. */
export type Wanted = Omit<Installed, 'folder'> & { readonly faults: readonly string[] };

type Pointer = {
  readonly parameters: Pick<Parameters, 'get'>;
  readonly prefix: string;
  readonly patienceMilliseconds: number;
  readonly pause: (milliseconds: number) => Promise<unknown>;
  /** Milliseconds, by a clock that only goes forward. */
  readonly clock: () => number;
};

/** Parameter Store may answer with an older version for a moment after a write. */
const pauseMilliseconds = 500;

/** Danger: a denied, damaged or old pointer says nothing about what should run, so it is an error, not `undefined`. */
export async function readCurrent(pointer: Pointer, asked: number): Promise<Current | undefined> {
  const name = currentName(pointer.prefix);
  for (const began = pointer.clock(); ; ) {
    const found = await pointer.parameters.get(name);
    if (found ? found.version >= asked : asked === 0) return found && parseCurrent(name, found);
    if (pointer.clock() - began >= pointer.patienceMilliseconds) {
      const state = found ? `is still at ${found.version}` : 'does not exist';
      throw new Error(
        `asked for generation ${asked}, but ${name} ${state}; what runs is kept, the next tick tries again`,
      );
    }
    await pointer.pause(pauseMilliseconds);
  }
}

function parseCurrent(name: string, { version, modified, value }: Parameter): Current {
  try {
    return { number: version, modified, generation: parseGeneration(value) };
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'it is not JSON' : (cause as Error).message;
    throw new Error(`${name}:${version} is damaged (${why}); ${advice}`, { cause });
  }
}

/**
 * A pointer older than the installed one may be a late answer, which must not restore an old state; then Parameter Store knows the
 * installed version, now or in a moment. It does not if somebody edited the manifest. A pointer that was deleted and created again counts
 * from 1, but is newer.
 */
export async function isLate(
  { parameters, prefix, patienceMilliseconds, pause, clock }: Pointer,
  current: Current,
  installed: Pick<Current, 'number' | 'modified'>,
): Promise<boolean> {
  if (current.number >= installed.number || current.modified > installed.modified) return false;
  for (const began = clock(); ; ) {
    const found = await parameters.get(`${currentName(prefix)}:${installed.number}`);
    if (found?.version === installed.number) return true;
    if (clock() - began >= patienceMilliseconds) return false;
    await pause(pauseMilliseconds);
  }
}

/** Fetches what is not installed. A certificate that cannot be used stays as installed. @throws when a file is missing or damaged. */
export async function fetchWanted(source: Source, current: Current, installed: Installed): Promise<Wanted> {
  const pieces = await fetchFiles(source, current.generation.files, installed.files.map(withoutUsers));
  const users = await withUsers(source, pieces, installed.files);
  const { usable, faults } = await fetchCertificates(source, current.generation.certificates, installed);
  const wanted = withCertificates(current, usable, installed, source.makeStandIn);
  return { ...wanted, files: users.files, faults: [...users.faults, ...faults] };
}

export const isInstalled = ({ number, files, pems }: Wanted, installed: Installed): boolean =>
  number === installed.number && sameFiles(files, installed.files) && sameFiles(pems, installed.pems);

const sameFiles = (a: readonly File[], b: readonly File[]): boolean =>
  a.length === b.length && a.every(({ name, text }) => b.some((other) => other.name === name && other.text === text));

async function fetchFiles(
  { parameters, prefix }: Source,
  pieces: readonly Piece[],
  installed: readonly File[],
): Promise<readonly File[]> {
  const have = new Map(installed.map(({ name, text }) => [`${name} ${sha256(text)}`, text]));
  const selectors = (piece: Piece) =>
    piece.versions.map((version, part) => `${pieceName(prefix, piece.name, part)}:${version}`);
  const missing = pieces.filter((piece) => !have.has(`${piece.name} ${piece.sha256}`));
  const values = await parameters.getAll(missing.flatMap(selectors), { decrypted: false });

  return pieces.map((piece) => {
    const text = have.get(`${piece.name} ${piece.sha256}`) ?? readPiece(piece, selectors(piece), values);
    return { name: piece.name, text };
  });
}

const advice = 'what runs is kept, the next publication replaces it';

function readPiece(piece: Piece, selectors: readonly string[], values: ReadonlyMap<string, string>): string {
  const parts = selectors.map((selector) => {
    const value = values.get(selector);
    if (value === undefined) throw new Error(`${selector} is missing in Parameter Store; ${advice}`);
    return value;
  });
  const text = unpacked(parts);
  if (text !== undefined && sha256(text) === piece.sha256) return text;
  throw new Error(`${selectors.join(' and ')} is damaged (its hash is not the published one); ${advice}`);
}

function unpacked(parts: readonly string[]): string | undefined {
  try {
    return unpack(parts);
  } catch {
    return undefined;
  }
}

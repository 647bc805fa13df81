import { type Certificate, certificateNames, type Piece, pieceName, sha256, unpack } from '../generation/generation';
import type { File } from '../haproxy/render';
import type { Parameters } from './aws/parameters';
import type { Current } from './current';
import type { Installed } from './disk/installed';
import { orderAnew, pemFile } from './pem';
import { assembled, type Usable, usableInstalled } from './usable';

/** A generation with the contents of its files. `faults` tells of certificates whose stored version cannot be used. */
export type Wanted = {
  readonly current: Current;
  readonly files: readonly File[];
  readonly pems: readonly File[];
  readonly faults: readonly string[];
};

type Source = {
  readonly parameters: Pick<Parameters, 'getAll'>;
  readonly prefix: string;
  readonly makeStandIn: () => string;
  /** Epoch milliseconds. */
  readonly now: number;
};

/**
 * Fetches exactly the versions that a generation names, except what is installed already.
 * A certificate that cannot be used is left as it is installed, so that it holds up nothing else.
 *
 * @throws when a file is missing or damaged; the message names its parameter.
 */
export async function fetchWanted(source: Source, current: Current, installed: Installed): Promise<Wanted> {
  const files = await fetchFiles(source, current.generation.files, installed.files);
  const fetched = await fetchCertificates(source, current.generation.certificates, installed);
  const usable = fetched.filter((one): one is Usable => 'file' in one);
  const faults = fetched.flatMap(({ fault }) => fault ?? []);
  return { ...assembled(current, usable, installed, source.makeStandIn), files, faults };
}

/** Whether a folder holds just this generation already. */
export const isInstalled = ({ current, files, pems }: Wanted, installed: Installed): boolean =>
  installed.number === current.number && sameFiles(files, installed.files) && sameFiles(pems, installed.pems);

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
    const text = have.get(`${piece.name} ${piece.sha256}`) ?? checked(piece, selectors(piece), values);
    return { name: piece.name, text };
  });
}

function checked(piece: Piece, selectors: readonly string[], values: ReadonlyMap<string, string>): string {
  const parts = selectors.map((selector) => found(selector, values));
  const text = unpacked(parts);
  if (text === undefined || sha256(text) !== piece.sha256) {
    throw new Error(`${selectors.join(' and ')} is damaged (its hash is not the published one); ${advice}`);
  }
  return text;
}

function unpacked(parts: readonly string[]): string | undefined {
  try {
    return unpack(parts);
  } catch {
    return undefined;
  }
}

const advice = 'what runs is kept, the next publication replaces it';

function found(selector: string, values: ReadonlyMap<string, string>, otherwise = advice): string {
  const value = values.get(selector);
  if (value === undefined) throw new Error(`${selector} is missing in Parameter Store; ${otherwise}`);
  return value;
}

type Fetched = Usable | { readonly fault: string };

async function fetchCertificates(
  source: Source,
  certificates: readonly Certificate[],
  installed: Installed,
): Promise<readonly Fetched[]> {
  const fetched: Fetched[] = [];
  for (const certificate of certificates) {
    const old = usableInstalled(installed, certificate.name);
    const isSame = old?.certificate.key === certificate.key && old.certificate.chain === certificate.chain;
    if (old && isSame) fetched.push(old);
    else fetched.push(await fetchCertificate(source, certificate, old));
  }
  return fetched;
}

async function fetchCertificate(source: Source, certificate: Certificate, old: Usable | undefined): Promise<Fetched> {
  try {
    const text = await fetchPem(source, certificate);
    return { certificate, file: { name: `${certificate.name}.pem`, text } };
  } catch (error) {
    return { ...old, fault: (error as Error).message };
  }
}

async function fetchPem({ parameters, prefix, now }: Source, { name, key, chain }: Certificate): Promise<string> {
  const names = certificateNames(prefix, name);
  const secret = await parameters.getAll([`${names.key}:${key}`], { decrypted: true });
  const open = await parameters.getAll([`${names.chain}:${chain}`], { decrypted: false });
  const [pair, authorities] = [
    found(`${names.key}:${key}`, secret, orderAnew(name)),
    found(`${names.chain}:${chain}`, open, orderAnew(name)),
  ];
  return pemFile(name, pair, authorities, now);
}

const sameFiles = (a: readonly File[], b: readonly File[]): boolean =>
  a.length === b.length && a.every(({ name, text }) => b.some((other) => other.name === name && other.text === text));

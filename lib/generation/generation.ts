import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';

/** A configuration file as published: the versions of its parameter, and of the further parts where it needs several. */
export type Piece = { readonly name: string; readonly sha256: string; readonly versions: readonly number[] };

/** A certificate as published: its file is `<name>.pem`, `key` and `chain` are parameter versions. */
export type Certificate = {
  readonly name: string;
  readonly names: readonly string[];
  readonly serial: string;
  readonly key: number;
  readonly chain: number;
};

/** The value of `haproxy/current`. The version of that parameter is the number of the generation. */
export type Generation = { readonly files: readonly Piece[]; readonly certificates: readonly Certificate[] };

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** Names of parameters below a stage's prefix, such as `/sluice/prod`. */
export const currentName = (prefix: string): string => `${prefix}/haproxy/current`;
export const pieceName = (prefix: string, file: string, part: number): string =>
  `${prefix}/haproxy/files/${file}${part === 0 ? '' : `.${part + 1}`}`;
export const certificateNames = (prefix: string, name: string): { readonly key: string; readonly chain: string } => ({
  key: `${prefix}/certificates/${name}/key`,
  chain: `${prefix}/certificates/${name}/chain`,
});
/** Holds the stored certificates without their secrets: `Certificate[]` as JSON. */
export const certificateIndexName = (prefix: string): string => `${prefix}/certificates/index`;

/** The value of `haproxy/current`: JSON, packed where it would not fit a free parameter. */
export const printGeneration = (generation: Generation): readonly string[] => pack(JSON.stringify(generation), 8192);

/**
 * Reads `haproxy/current`.
 *
 * @throws when it is damaged. Danger: a damaged list must never count as an empty one, or every proxy would drop its services.
 */
export function parseGeneration(value: string): Generation {
  const { files, certificates } = JSON.parse(unpack([value])) as Partial<Generation>;
  if (!files?.length || !files.every(isPiece) || !certificates?.every(isCertificate)) {
    throw new Error('it does not list files and certificates with their names, versions and hashes');
  }
  return { files, certificates };
}

/**
 * Reads the index of the stored certificates.
 *
 * @throws when it is damaged.
 */
export function parseCertificates(text: string): readonly Certificate[] {
  const certificates = JSON.parse(text) as Certificate[];
  if (!certificates.every(isCertificate))
    throw new Error('it does not list certificates with their names and versions');
  return certificates;
}

const isVersion = (value: unknown): boolean => Number.isInteger(value) && Number(value) > 0;
const isPiece = ({ name, sha256, versions }: Piece): boolean =>
  /^[0-9]{2}-[A-Za-z0-9_.-]+\.cfg$/.test(name) &&
  sha256.length === 43 &&
  versions.length > 0 &&
  versions.every(isVersion);
const isCertificate = ({ name, names, key, chain }: Certificate): boolean =>
  /^[A-Za-z0-9_.-]+$/.test(name) &&
  !name.startsWith('.') &&
  Array.isArray(names) &&
  names.every((each) => certifiedName.test(each)) &&
  isVersion(key) &&
  isVersion(chain);
/** Danger: these names are written into HAProxy's configuration, and a role that may store certificates must not be able to change it. */
const certifiedName = /^(\*\.)?\w[\w-]*(\.\w[\w-]*)*$/;

/** Bytes that a standard, free parameter holds (AWS: Parameter Store, parameter tiers). */
const standardBytes = 4096;

/**
 * Splits a text into parameter values: as it is where it fits a free parameter, so that people can read it, else as gzip
 * in base64, in parts of at most `partBytes`.
 */
export function pack(text: string, partBytes = standardBytes): readonly string[] {
  if (Buffer.byteLength(text) <= standardBytes) return [text];
  const packed = gzipSync(text, { level: 9 }).toString('base64');
  return packed.match(new RegExp(`.{1,${partBytes}}`, 'g')) ?? [];
}

/**
 * Joins what `pack` split. A configuration never begins with the letters of gzip.
 *
 * @throws when the parts are damaged.
 */
export function unpack(parts: readonly string[]): string {
  const joined = parts.join('');
  return joined.startsWith('H4sI') ? gunzipSync(Buffer.from(joined, 'base64')).toString() : joined;
}

import { createHash } from 'node:crypto';

import { pack, unpack } from './pack';

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

/** What `haproxy/current` says. Its own parameter version is the number of the generation. */
export type Generation = { readonly files: readonly Piece[]; readonly certificates: readonly Certificate[] };

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** Where a generation is kept below a stage's prefix, such as `/sluice/prod`. */
export const currentName = (prefix: string): string => `${prefix}/haproxy/current`;
export const pieceName = (prefix: string, file: string, part: number): string =>
  `${prefix}/haproxy/files/${file}${part === 0 ? '' : `.${part + 1}`}`;
export const certificateNames = (prefix: string, name: string): { readonly key: string; readonly chain: string } => ({
  key: `${prefix}/certificates/${name}/key`,
  chain: `${prefix}/certificates/${name}/chain`,
});
/** The stored certificates without their secrets: `Certificate[]` as JSON. */
export const certificateIndexName = (prefix: string): string => `${prefix}/certificates/index`;

/** The value of `haproxy/current`: JSON, packed where it would not fit a free parameter. */
export const printGeneration = (generation: Generation): readonly string[] => pack(JSON.stringify(generation), 8192);

/**
 * Reads `haproxy/current`.
 *
 * @throws when it is damaged: then nothing may be concluded from it, least of all that there is nothing to run.
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
/** These names are written into HAProxy's configuration, and whoever may store a certificate may not publish. */
const certifiedName = /^(\*\.)?\w[\w-]*(\.\w[\w-]*)*$/;

import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';

/** A published file: the version of its parameter, and of further parts if it needs several. */
export type Piece = { readonly name: string; readonly sha256: string; readonly versions: readonly number[] };

/** A published certificate: its file is `<name>.pem`; `key` and `chain` are parameter versions. */
export type Certificate = {
  readonly name: string;
  readonly names: readonly string[];
  readonly serial: string;
  readonly key: number;
  readonly chain: number;
};

/** The value of `haproxy/current`, whose version is the number of the generation. */
export type Generation = { readonly files: readonly Piece[]; readonly certificates: readonly Certificate[] };

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

export const prefixPattern = /^\/sluice\/[A-Za-z0-9-]+$/;
export const prefixRule = 'must be /sluice/<stage>';

export const currentName = (prefix: string): string => `${prefix}/haproxy/current`;
export const pieceName = (prefix: string, file: string, part: number): string =>
  `${prefix}/haproxy/files/${file}${part === 0 ? '' : `.${part + 1}`}`;
export const certificateNames = (prefix: string, name: string): { readonly key: string; readonly chain: string } => ({
  key: `${prefix}/certificates/${name}/key`,
  chain: `${prefix}/certificates/${name}/chain`,
});
/** Holds the stored certificates without their secrets. */
export const certificateIndexName = (prefix: string): string => `${prefix}/certificates/index`;

/** Parameter Store may answer with an ARN, and with the selector in the name (AWS: GetParameters, Names). No name has a colon. */
export const withoutArn = (name: string): string => name.replace(/^arn:[^/]*:parameter(?=\/)/, '');
export const plainName = (name: string): string => withoutArn(name).replace(/:[^/]*$/, '');

type Answered = { readonly Name?: string | undefined; readonly Version?: number | undefined };

/** Finds a parameter by `name` or `name:version`. AWS documents `Selector` as a number or a label, with its colon or without. */
export function answerTo<Parameter extends Answered>(
  asked: string,
  answered: readonly Parameter[],
): Parameter | undefined {
  const [, name = '', version] = /^(.*?)(?::(\d+))?$/.exec(asked) ?? [];
  const named = answered.filter(({ Name = '' }) => plainName(Name) === name);
  if (version !== undefined) return named.find(({ Version }) => Version === Number(version));
  // Without a version the newest counts; an older one may be the answer to another name of the same call.
  return named.reduce<Parameter | undefined>(
    (newest, each) => (newest && (newest.Version ?? 0) >= (each.Version ?? 0) ? newest : each),
    undefined,
  );
}

export const printGeneration = (generation: Generation): readonly string[] => pack(JSON.stringify(generation), 8192);

/** @throws when it is damaged. Danger: a damaged list must never count as an empty one, or every proxy would drop its services. */
export function parseGeneration(value: string): Generation {
  const { files, certificates } = JSON.parse(unpack([value])) as Partial<Generation>;
  if (!files?.length || !files.every(isPiece) || !certificates?.every(isCertificate)) {
    throw new Error('it does not list files and certificates with their names, versions and hashes');
  }
  return { files, certificates };
}

/** @throws when it is damaged. */
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

/** The size of a free parameter (AWS: Parameter Store, parameter tiers). */
export const standardBytes = 4096;

/** Leaves a text that fits a free parameter as it is, so that people can read it; packs a longer one with gzip into parts. */
export function pack(text: string, partBytes = standardBytes): readonly string[] {
  if (Buffer.byteLength(text) <= standardBytes) return [text];
  const packed = gzipSync(text, { level: 9 }).toString('base64');
  return packed.match(new RegExp(`.{1,${partBytes}}`, 'g')) ?? [];
}

/** Joins what `pack` split; no configuration begins with the letters of gzip. @throws when the parts are damaged. */
export function unpack(parts: readonly string[]): string {
  const joined = parts.join('');
  return joined.startsWith('H4sI') ? gunzipSync(Buffer.from(joined, 'base64')).toString() : joined;
}

import { createPrivateKey, X509Certificate } from 'node:crypto';

import { chainOf } from '../certificates/certificate';
import { type Certificate, certificateNames } from '../generation/generation';
import type { File } from '../haproxy/render';
import type { Parameters } from './aws/calls';
import type { Current, Installed } from './disk/installed';

/** For clients without SNI: the stage's first certificate, or a stand-in, without which HAProxy would not start. */
export const standIn = '00-stand-in.pem';

/** HAProxy up to 3.2 holds command and payload in one buffer of 16 kB, and does not answer a larger one. */
const mostBytes = 15_000;

/**
 * Key and leaf, then the authorities that belong to it. Danger: HAProxy ends a payload at the first blank line, and would run and echo the
 * lines after it, so there is none. @throws without quoting the text, when key, certificate and chain do not fit or are too large.
 */
export function pemFile(name: string, key: string, chain: string, now = 0): string {
  const pair = clean(key);
  if (!isPair(pair))
    throw new Error(`the stored certificate ${name} is not a private key with its certificate; ${orderAnew(name)}`);
  const text = pair + clean(fitting(name, pair, clean(chain), now));
  const bytes = Buffer.byteLength(text);
  if (bytes <= mostBytes) return text;
  throw new Error(
    `the certificate ${name} has ${bytes} bytes, more than the ${mostBytes} HAProxy takes at run time; ` +
      'use an ECDSA key or a shorter chain',
  );
}

/** `renew` does not read stored certificates again. */
export const orderAnew = (name: string): string =>
  `to have another one ordered, delete the stage's parameter acme/state/${name} and invoke renew`;

const clean = (text: string): string =>
  text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => `${line}\n`)
    .join('');

function fitting(name: string, leaf: string, chain: string, now: number): string {
  try {
    return chainOf(leaf, chain, now);
  } catch (error) {
    throw new Error(`the stored chain of ${name} ${(error as Error).message}; ${orderAnew(name)}`);
  }
}

/** OpenSSL takes the first block of each kind. Its errors could quote the key, so they are not passed on. */
function isPair(text: string): boolean {
  try {
    return new X509Certificate(text).checkPrivateKey(createPrivateKey(text));
  } catch {
    return false;
  }
}

type Usable = { readonly certificate: Certificate; readonly file: File };
type Certificates = Current & Pick<Installed, 'pems'>;

export type Source = {
  readonly parameters: Pick<Parameters, 'get' | 'getAll'>;
  readonly prefix: string;
  readonly makeStandIn: () => string;
  /** Epoch milliseconds. */
  readonly now: number;
};

export async function fetchCertificates(
  source: Source,
  certificates: readonly Certificate[],
  installed: Installed,
): Promise<{ readonly usable: readonly Usable[]; readonly faults: readonly string[] }> {
  const usable: Usable[] = [];
  const faults: string[] = [];
  for (const certificate of certificates) {
    const old = usableInstalled(installed, certificate.name);
    const isSame = old?.certificate.key === certificate.key && old.certificate.chain === certificate.chain;
    try {
      usable.push(old && isSame ? old : { certificate, file: await fetchPem(source, certificate) });
    } catch (error) {
      faults.push((error as Error).message);
      if (old) usable.push(old);
    }
  }
  return { usable, faults };
}

async function fetchPem({ parameters, prefix, now }: Source, { name, key, chain }: Certificate): Promise<File> {
  const names = certificateNames(prefix, name);
  const [keySelector, chainSelector] = [`${names.key}:${key}`, `${names.chain}:${chain}`];
  const values = new Map([
    ...(await parameters.getAll([keySelector], { decrypted: true })),
    ...(await parameters.getAll([chainSelector], { decrypted: false })),
  ]);
  const found = (selector: string): string => {
    const value = values.get(selector);
    if (value === undefined) throw new Error(`${selector} is missing in Parameter Store; ${orderAnew(name)}`);
    return value;
  };
  return { name: fileName(name), text: pemFile(name, found(keySelector), found(chainSelector), now) };
}

/** Danger: HAProxy would not start again with a damaged file. */
function usableInstalled(installed: Installed, name: string): Usable | undefined {
  const certificate = installed.generation.certificates.find((other) => other.name === name);
  const file = usablePem(installed, fileName(name));
  return certificate && file && { certificate, file };
}

/** A client without SNI sees the first certificate, or a stand-in if there is none. */
export function withCertificates(
  { number, modified, generation }: Current,
  usable: readonly Usable[],
  installed: Installed,
  makeStandIn: () => string,
): Certificates {
  const text = usable[0]?.file.text ?? installedStandIn(installed)?.text ?? makeStandIn();
  const certificates = usable.map(({ certificate }) => certificate);
  const pems = [{ name: standIn, text }, ...usable.map(({ file }) => file)];
  return { number, modified, generation: { ...generation, certificates }, pems };
}

type Judge = {
  readonly makeStandIn: () => string;
  readonly whyRefused: (path: string) => string | undefined;
};

/** Each refused certificate stays as installed, or is left out; `undefined` if none is the reason. @param staging the refused folder */
export function withoutRefused(
  wanted: Certificates,
  staging: string,
  installed: Installed,
  { makeStandIn, whyRefused }: Judge,
): (Certificates & { readonly faults: readonly string[] }) | undefined {
  const judge = (folder: string, name: string) => whyRefused(`${folder}/certificates/${fileName(name)}`);
  const faults: string[] = [];
  const usable = wanted.generation.certificates.flatMap((certificate): readonly Usable[] => {
    const { name } = certificate;
    const file = wanted.pems.find((other) => other.name === fileName(name));
    const why = judge(staging, name);
    if (file && why === undefined) return [{ certificate, file }];
    faults.push(`HAProxy refuses the certificate ${name}${why}; ${orderAnew(name)}`);
    const old = usableInstalled(installed, name);
    return old && old.file.text !== file?.text && judge(installed.folder, name) === undefined ? [old] : [];
  });
  if (faults.length === 0) return undefined;
  return { ...withCertificates(wanted, usable, installed, makeStandIn), faults };
}

const fileName = (name: string): string => `${name}.pem`;

const usablePem = ({ pems }: Installed, name: string): File | undefined =>
  pems.find((file) => file.name === name && isPair(file.text));

/** Its file may hold the first certificate instead. */
function installedStandIn(installed: Installed): File | undefined {
  const file = usablePem(installed, standIn);
  const isOther = installed.pems.some(({ name, text }) => name !== standIn && text === file?.text);
  return isOther ? undefined : file;
}

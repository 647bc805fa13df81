import { X509Certificate } from 'node:crypto';

import { authorityFingerprints } from '../../certificates/certificate';
import type { File } from '../../haproxy/render';
import { standIn } from '../pem';
import { certificatesIn, chainLength, fingerprint, openTransactions } from '../replies';
import { send, type Worker } from './worker';

/** Secret: no fault quotes a reply of HAProxy, which could hold a key. */
export type Served = { readonly changed: readonly string[]; readonly faults: readonly string[] };

/** A sync that was killed may have stored a certificate without offering it to clients. */
type Store = {
  readonly worker: Worker;
  readonly folder: string;
  readonly stored: readonly string[];
  readonly offered: readonly string[];
};

/** A refused certificate stops no other. @param renewed differing files: another chain does not change a fingerprint */
export async function serveCertificates(
  worker: Worker,
  folder: string,
  wanted: readonly File[],
  renewed: readonly string[],
): Promise<Served> {
  const store = await readStore(worker, folder);
  const changed: string[] = [];
  const faults: string[] = [];
  const attempt = async (name: string, act: () => Promise<boolean>): Promise<boolean> => {
    try {
      if (await act()) changed.push(name);
      return true;
    } catch (error) {
      faults.push((error as Error).message);
      return false;
    }
  };

  const taken: string[] = [];
  for (const file of wanted.filter(isNamed)) {
    if (await attempt(file.name, () => serve(store, file, renewed.includes(file.name)))) taken.push(file.text);
  }
  // The default is one of the others, or the stand-in. HAProxy would refuse there what it refused above.
  const first = wanted.find((file) => !isNamed(file));
  const isRefused = wanted.some((file) => isNamed(file) && file.text === first?.text && !taken.includes(file.text));
  if (first && !isRefused) await attempt(first.name, () => serve(store, first, renewed.includes(first.name)));
  for (const name of unwanted(store, wanted)) await attempt(name, () => forget(store, name));
  return { changed, faults };
}

/** Not the default, which clients without SNI see; HAProxy cannot be without one, but can be given another one. */
const isNamed = ({ name }: { readonly name: string }): boolean => name !== standIn;

/** Also ends what a killed sync left open: HAProxy has one transaction at a time. */
async function readStore(worker: Worker, folder: string): Promise<Store> {
  const stored = await worker.tell('show ssl cert');
  for (const name of openTransactions(stored)) await worker.tell(`abort ssl cert ${name}`);
  const offered = await worker.tell(`show ssl crt-list ${folder}`);
  return { worker, folder, stored: certificatesIn(stored, folder), offered: certificatesIn(offered, folder) };
}

async function serve(store: Store, { name, text }: File, isRenewed: boolean): Promise<boolean> {
  const { worker, folder, stored, offered } = store;
  const path = `${folder}/${name}`;
  const isOffered = offered.includes(path);
  if (isOffered && !isRenewed && (await serves(worker, path, text))) return false;

  const make = stored.includes(path) ? [] : [`new ssl cert ${path}`];
  try {
    await sendFor(path, worker, [...make, setCertificate(path, text), `commit ssl cert ${path}`]);
  } catch (error) {
    await worker.tell(`abort ssl cert ${path}`);
    throw error;
  }
  if (!isOffered) await sendFor(path, worker, [`add ssl crt-list ${folder}/ ${path}`]);
  if (await serves(worker, path, text)) return true;
  throw new Error(`HAProxy took ${path}, but holds another certificate; ${advice}`);
}

/** `set ssl cert` with its payload. The socket's own newline makes the one blank line that ends it. */
export const setCertificate = (path: string, pem: string): string => `set ssl cert ${path} <<\n${pem}`;

const advice = 'the old one stays in use, the next tick tries again';

/** Compares the leaf, and the number of authorities: HAProxy shows no fingerprints of them. */
async function serves({ tell }: Worker, path: string, pem: string): Promise<boolean> {
  const shown = await tell(`show ssl cert ${path}`);
  const isSame = fingerprint(shown) === new X509Certificate(pem).fingerprint.replaceAll(':', '');
  return isSame && chainLength(shown) === authorityFingerprints(pem).length;
}

async function sendFor(path: string, worker: Worker, commands: readonly string[]): Promise<void> {
  const refused = await send(worker, commands);
  if (refused === undefined) return;
  const what = refused.split(' ', 3).join(' ');
  throw new Error(`HAProxy refused "${what}" for ${path}; ${advice}. Do its key and certificate belong together?`);
}

const unwanted = ({ folder, stored }: Store, wanted: readonly File[]): readonly string[] =>
  stored
    .map((path) => path.slice(folder.length + 1))
    .filter((name) => isNamed({ name }) && !wanted.some((file) => file.name === name));

async function forget({ worker, folder }: Store, name: string): Promise<boolean> {
  const path = `${folder}/${name}`;
  await worker.tell(`del ssl crt-list ${folder}/ ${path}`);
  await sendFor(path, worker, [`del ssl cert ${path}`]);
  return true;
}

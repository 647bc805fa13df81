import { X509Certificate } from 'node:crypto';

import { authorityFingerprints } from '../../certificates/x509';
import type { File } from '../../haproxy/render';
import { setCertificate, standIn } from '../pem';
import type { Haproxy, Worker } from './master';
import { certificatesIn, chainLength, fingerprint, openTransactions } from './replies';

/** A step of HAProxy's command line, and what its good answer holds. No answer leaves this file: it could hold a key. */
type Step = readonly [command: string, good: string];

type Tell = (command: string) => Promise<string>;

/** What was changed, by file name, and what was not, in words that hold no answer of HAProxy. */
export type Served = { readonly changed: readonly string[]; readonly faults: readonly string[] };

/**
 * Brings the certificates that a worker serves to the wanted files, without a reload. One that is refused holds up no other.
 *
 * @param renewed files whose text differs from the installed one; another chain does not show in a fingerprint
 */
export async function serveCertificates(
  haproxy: Haproxy,
  { pid }: Pick<Worker, 'pid'>,
  folder: string,
  wanted: readonly File[],
  renewed: readonly string[],
): Promise<Served> {
  const tell: Tell = (command) => haproxy.worker(pid, command);
  const known = await held(tell, folder);
  const changed: string[] = [];
  const faults: string[] = [];
  const attempt = async (name: string, change: () => Promise<boolean>): Promise<boolean> =>
    change().then(
      (done) => {
        if (done) changed.push(name);
        return true;
      },
      (error: Error) => {
        faults.push(error.message);
        return false;
      },
    );

  const taken: string[] = [];
  for (const { name, text } of wanted.filter(isNamed)) {
    const isTaken = await attempt(name, () => serve(tell, folder, { name, text }, known, renewed.includes(name)));
    if (isTaken) taken.push(text);
  }
  // The default is one of the others, or the stand-in. What HAProxy refused there it would refuse again.
  const first = wanted.find((file) => !isNamed(file));
  const isRefused = wanted.some((file) => isNamed(file) && file.text === first?.text && !taken.includes(file.text));
  if (first && !isRefused)
    await attempt(first.name, () => serve(tell, folder, first, known, renewed.includes(first.name)));
  for (const name of unwanted(folder, known.stored, wanted)) await attempt(name, () => forget(tell, folder, name));
  return { changed, faults };
}

/** Whether it is for names. HAProxy shows the default to a client that sends none, and can be given another one at run time. */
const isNamed = ({ name }: { readonly name: string }): boolean => name !== standIn;

/** A certificate can be stored without being offered to clients: by a sync that was killed between the two. */
type Held = { readonly stored: readonly string[]; readonly offered: readonly string[] };

/** Also ends what a sync that was killed left open: HAProxy has one transaction at a time. */
async function held(tell: Tell, folder: string): Promise<Held> {
  const stored = await tell('show ssl cert');
  for (const name of openTransactions(stored)) await tell(`abort ssl cert ${name}`);
  const offered = await tell(`show ssl crt-list ${folder}`);
  return { stored: certificatesIn(stored, folder), offered: certificatesIn(offered, folder) };
}

/** Gives whether there was anything to do. */
async function serve(
  tell: Tell,
  folder: string,
  { name, text }: File,
  known: Held,
  renewed: boolean,
): Promise<boolean> {
  const path = `${folder}/${name}`;
  const offered = known.offered.includes(path);
  if (offered && !renewed && (await serves(tell, path, text))) return false;

  const before: readonly Step[] = known.stored.includes(path)
    ? []
    : [[`new ssl cert ${path}`, 'New empty certificate store']];
  await store(tell, path, text, before);
  if (!offered) await run(tell, path, [[`add ssl crt-list ${folder}/ ${path}`, 'Success!']]);
  if (await serves(tell, path, text)) return true;
  throw new Error(`HAProxy took ${path}, but holds another certificate; ${advice}`);
}

const advice = 'the old one is served on, the next tick tries again';

/** With as many certificates of authorities, of which HAProxy tells no fingerprints. */
async function serves(tell: Tell, path: string, pem: string): Promise<boolean> {
  const shown = await tell(`show ssl cert ${path}`);
  const isSame = fingerprint(shown) === new X509Certificate(pem).fingerprint.replaceAll(':', '');
  return isSame && chainLength(shown) === authorityFingerprints(pem).length;
}

async function store(tell: Tell, path: string, pem: string, before: readonly Step[]): Promise<void> {
  const steps: readonly Step[] = [
    ...before,
    [setCertificate(path, pem), 'Transaction created'],
    [`commit ssl cert ${path}`, 'Success!'],
  ];
  try {
    await run(tell, path, steps);
  } catch (error) {
    await tell(`abort ssl cert ${path}`);
    throw error;
  }
}

async function run(tell: Tell, path: string, steps: readonly Step[]): Promise<void> {
  for (const [command, good] of steps) {
    const reply = await tell(command);
    if (reply.includes(good)) continue;
    const what = command.split(' ', 3).join(' ');
    throw new Error(`HAProxy refused "${what}" for ${path}; ${advice}. Do its key and certificate belong together?`);
  }
}

const unwanted = (folder: string, stored: readonly string[], wanted: readonly File[]): readonly string[] =>
  stored
    .map((path) => path.slice(folder.length + 1))
    .filter((name) => isNamed({ name }) && !wanted.some((file) => file.name === name));

async function forget(tell: Tell, folder: string, name: string): Promise<boolean> {
  const path = `${folder}/${name}`;
  await tell(`del ssl crt-list ${folder}/ ${path}`);
  await run(tell, path, [[`del ssl cert ${path}`, 'deleted']]);
  return true;
}

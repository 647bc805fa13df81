import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import { type Generation, parseCertificates } from '../../generation/generation';
import type { File } from '../../haproxy/render';

/** The pointer, with its number and time (epoch seconds). */
export type Current = { readonly number: number; readonly modified: number; readonly generation: Generation };

/** `folder` is the versioned folder behind the symlink. */
export type Installed = Current & {
  readonly folder: string;
  readonly files: readonly File[];
  readonly pems: readonly File[];
};

export const manifestName = 'generation.json';

const unknown: Current = { number: 0, modified: 0, generation: { files: [], certificates: [] } };

/** `undefined` if nothing was ever installed. */
export function readInstalled(link: string): Installed | undefined {
  if (!isFolder(link)) return undefined;
  const folder = resolve(dirname(link), readlinkSync(link));
  const files = readFolder(join(folder, 'haproxy'));
  return { ...readManifest(folder), folder, files, pems: readFolder(join(folder, 'certificates')) };
}

function readFolder(folder: string): readonly File[] {
  if (!isFolder(folder)) return [];
  return readdirSync(folder).map((name) => {
    // A folder or a broken link counts as an empty file, so that the folder differs from the wanted one and is replaced.
    const file = join(folder, name);
    if (!isFile(file)) return { name, text: '' };
    close(file, 0o600);
    return { name, text: readFileSync(file, 'utf8') };
  });
}

/** Secret: keys and hashes of passwords lie there, and somebody may have opened them to all. A disk that takes nothing stops no sync. */
function close(path: string, mode: number): void {
  const { uid, mode: found } = statSync(path);
  try {
    if (uid !== process.getuid?.()) chownSync(path, process.getuid?.() ?? uid, process.getgid?.() ?? 0);
    if ((found & 0o077) !== 0) chmodSync(path, mode);
  } catch {}
}

/** Without a readable manifest everything is compared by hash, and staged again. */
function readManifest(folder: string): Current {
  try {
    const { number, modified, generation } = JSON.parse(readFileSync(join(folder, manifestName), 'utf8')) as Current;
    const isRight =
      [number, modified].every((each) => Number.isFinite(each) && each >= 0) && Number.isSafeInteger(number);
    if (!isRight || !Array.isArray(generation.files)) return unknown;
    const certificates = parseCertificates(JSON.stringify(generation.certificates));
    return { number, modified, generation: { ...generation, certificates } };
  } catch {
    return unknown;
  }
}

const isFolder = (path: string): boolean => follow(path)?.isDirectory() ?? false;
export const isFile = (path: string): boolean => follow(path)?.isFile() ?? false;

/** `undefined` also if it leads through a file, or in a circle. */
function follow(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(String((error as NodeJS.ErrnoException).code))) return undefined;
    throw error;
  }
}

/** In one step, because HAProxy may be restarted at any moment. */
export function switchTo(link: string, folder: string): void {
  const next = `${link}.next`;
  rmSync(next, { recursive: true, force: true });
  symlinkSync(folder, next);
  renameSync(next, link);
}

/** Switches for as long as a reload takes. Until `confirm`, `undo` goes back, in this run or at the start of the next. */
export function tryWith(link: string, folder: string): void {
  const target = readlinkSync(link);
  rmSync(before(link), { force: true });
  symlinkSync(target, before(link));
  switchTo(link, folder);
}

export const isTried = (link: string): boolean => existsSync(before(link));

export const confirm = (link: string): void => rmSync(before(link), { force: true });

export function undo(link: string): void {
  if (isTried(link)) renameSync(before(link), link);
}

const before = (link: string): string => `${link}.before`;

export function prune(home: string, kept: readonly string[]): void {
  const generations = join(home, 'generations');
  const names = kept.map((folder) => basename(folder));
  for (const name of readdirSync(generations)) {
    if (!names.includes(name)) rmSync(join(generations, name), { recursive: true, force: true });
  }
}

/**
 * Runs before generations are read: somebody may have replaced the link by a folder or a file, and killed runs leave things behind. A
 * folder that HAProxy could start with stays until a better one is in its place.
 */
export function heal(home: string, link: string): void {
  const generations = join(home, 'generations');
  if (!isFolder(generations)) rmSync(generations, { force: true });
  for (const folder of [generations, dirname(link)]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  close(generations, 0o700);
  if (!look(before(link))?.isSymbolicLink()) rmSync(before(link), { recursive: true, force: true });

  const found = look(link);
  if (found?.isDirectory()) adopt(link, join(generations, 'by-hand'));
  else if (found && !found.isSymbolicLink()) rmSync(link);
  const [newest] = isFolder(link) ? [] : newestFirst(generations);
  if (newest) switchTo(link, newest);
  cleanUp(home, link);
}

const look = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false });

/** A folder in the link's place moves, and the link points to it. Without a manifest it counts as no generation. */
function adopt(link: string, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  rmSync(join(link, manifestName), { recursive: true, force: true });
  try {
    renameSync(link, folder);
  } catch {
    cpSync(link, folder, { recursive: true });
    rmSync(link, { recursive: true });
  }
  switchTo(link, folder);
}

/** On a full disk leftovers must not stop tasks from joining and leaving, so errors are ignored. */
function cleanUp(home: string, link: string): void {
  try {
    rmSync(join(home, 'generations', '.staging'), { recursive: true, force: true });
    pruneLeft(home, link);
  } catch {}
}

/** The generation before the live one is kept. */
function pruneLeft(home: string, link: string): void {
  const live = [link, before(link)].flatMap((name) =>
    existsSync(name) ? resolve(dirname(link), readlinkSync(name)) : [],
  );
  const [other] = newestFirst(join(home, 'generations')).filter((folder) => !live.includes(folder));
  if (live.some((folder) => dirname(folder) === join(home, 'generations')))
    prune(home, [...live, ...(other ? [other] : [])]);
}

/** Whole generations, by number and then by time: HAProxy has accepted each of them. */
function newestFirst(generations: string): readonly string[] {
  return readdirSync(generations)
    .map((name) => join(generations, name))
    .filter((folder) => isFolder(join(folder, 'haproxy')) && !basename(folder).startsWith('.'))
    .map((folder) => ({ folder, number: Number.parseInt(basename(folder), 10) || 0, at: statSync(folder).mtimeMs }))
    .sort((a, b) => b.number - a.number || b.at - a.at)
    .map(({ folder }) => folder);
}

import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import { before, prune, switchTo } from './disk';
import { isFolder, manifestName } from './installed';

/**
 * Puts the places of the generations back into shape before they are read: hands may have made a folder or a file of the link, and
 * killed runs leave what they had begun. What HAProxy could be started with stays until something better is in its place.
 */
export function heal(home: string, link: string): void {
  const generations = join(home, 'generations');
  if (!isFolder(generations)) rmSync(generations, { force: true });
  for (const folder of [generations, dirname(link)]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!look(before(link))?.isSymbolicLink()) rmSync(before(link), { recursive: true, force: true });

  const found = look(link);
  if (found?.isDirectory()) adopt(link, join(generations, 'by-hand'));
  else if (found && !found.isSymbolicLink()) rmSync(link);
  const [newest] = isFolder(link) ? [] : newestFirst(generations);
  if (newest) switchTo(link, newest);
  cleanUp(home, link);
}

/** On a disk that takes nothing more, leftovers must not keep tasks from coming and going. */
function cleanUp(home: string, link: string): void {
  try {
    rmSync(join(home, 'generations', '.staging'), { recursive: true, force: true });
    pruneLeft(home, link);
  } catch {}
}

/** A folder where the link belongs becomes one that the link points to. Nobody knows what is in it, so it is no generation. */
function adopt(link: string, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  rmSync(join(link, manifestName), { recursive: true, force: true });
  try {
    renameSync(link, folder);
  } catch {
    // On another file system.
    cpSync(link, folder, { recursive: true });
    rmSync(link, { recursive: true });
  }
  switchTo(link, folder);
}

/** A run that is killed before it switches leaves its folder. The one before the live one is kept. */
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

const look = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false });

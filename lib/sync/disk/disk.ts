import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';

import type { File } from '../../haproxy/render';
import type { Current } from '../current';
import { wantedServers } from '../haproxy/change';
import { stateFile } from '../haproxy/state-file';
import { type Installed, isFile, manifestName } from './installed';

/** What a reload believes, and what a start does. A configuration of 0.1.0 reads the first at a start too. */
const [healthName, startName] = ['sluice.state', 'start.state'];

/** Whether health may lie where a reload finds it: then a start does not read it. */
export const keepsHealth = (files: readonly File[]): boolean => files.some(({ text }) => text.includes(startName));

/**
 * Writes a generation beside the installed one, and links what is the same. Nothing sees it until `switchTo`.
 * It is a `.staging` folder until `keep` gives it its name, so that one cut off half-way is never taken for a whole one.
 */
export function stage(
  home: string,
  current: Current,
  files: readonly File[],
  pems: readonly File[],
  from: Installed | undefined,
): string {
  const staging = join(home, 'generations', '.staging');
  rmSync(staging, { recursive: true, force: true });
  const folders = [
    ['haproxy', files, from?.files],
    ['certificates', pems, from?.pems],
  ] as const;
  for (const [name, wanted, installed] of folders) {
    const folder = join(staging, name);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const [at, file] of wanted.entries()) {
      const twin = wanted.slice(at + 1).find(({ text }) => text === file.text);
      const same = from && installed?.some((other) => other.name === file.name && other.text === file.text);
      // The default certificate is one of the others: no second copy of its key, and an older sync makes a stand-in of its own.
      if (twin) symlinkSync(twin.name, join(folder, file.name));
      else if (!(same && linked(join(from.folder, name, file.name), join(folder, file.name))))
        write(join(folder, file.name), file.text);
    }
  }
  const { number, modified, generation } = current;
  writeAtRest(staging, files, false);
  write(join(staging, manifestName), `${JSON.stringify({ number, modified, generation })}\n`);
  return staging;
}

/** Whether a file could be linked: not across file systems. */
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch {
    return false;
  }
}

/**
 * Lets HAProxy start knowing nobody's health: every server is DOWN until its first passed check.
 *
 * @param isRunning then a reload may believe what was seen last
 */
export function writeAtRest(folder: string, files: readonly File[], isRunning: boolean): void {
  const text = stateFile([], wantedServers(files));
  writeState(folder, startName, text);
  if (!isRunning || !keepsHealth(files)) writeState(folder, healthName, text);
}

/** Writes the health that HAProxy's next reload starts with. */
export const writeHealth = (folder: string, text: string): void => writeState(folder, healthName, text);

function writeState(folder: string, name: string, text: string): void {
  const file = join(folder, name);
  if (isFile(file) && readFileSync(file, 'utf8') === text) return;
  rmSync(`${file}.next`, { recursive: true, force: true });
  write(`${file}.next`, text);
  if (!isFile(file)) rmSync(file, { recursive: true, force: true });
  renameSync(`${file}.next`, file);
}

/** Names a staged folder after its generation. A folder in use is never touched: a second try gets another name. */
export function keep(home: string, staging: string, number: number, installed: Installed | undefined): string {
  const name = join(home, 'generations', String(number));
  const folder = name === installed?.folder ? `${name}b` : name;
  rmSync(folder, { recursive: true, force: true });
  renameSync(staging, folder);
  return folder;
}

/** Lets the symlink point to a folder, in one step: HAProxy can be restarted at any moment. */
export function switchTo(link: string, folder: string): void {
  const next = `${link}.next`;
  rmSync(next, { recursive: true, force: true });
  symlinkSync(folder, next);
  renameSync(next, link);
}

/** Switches for as long as a reload takes. Until `confirm`, `undo` goes back, in this run or at the start of the next. */
export function tryWith(link: string, folder: string): { readonly confirm: () => void } {
  const target = readlinkSync(link);
  rmSync(before(link), { force: true });
  symlinkSync(target, before(link));
  switchTo(link, folder);
  return { confirm: () => rmSync(before(link), { force: true }) };
}

/** Goes back to what was installed before a reload that did not come to its end. */
export function undo(link: string): void {
  if (existsSync(before(link))) renameSync(before(link), link);
}

/** Where the link is kept that a reload may go back to. */
export const before = (link: string): string => `${link}.before`;

/** Removes all but the given folders. */
export function prune(home: string, kept: readonly string[]): void {
  const generations = join(home, 'generations');
  const names = kept.map((folder) => basename(folder));
  for (const name of readdirSync(generations)) {
    if (!names.includes(name)) rmSync(join(generations, name), { recursive: true, force: true });
  }
}

/** Secret from the start, and on the disk before anything points to it. */
function write(file: string, text: string): void {
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import type { File } from '../../haproxy/render';
import { stateFile, wantedServers } from '../change';
import { type Installed, isFile, manifestName } from './installed';

/** The state files that a reload reads, and that a start reads. A configuration of 0.1.0 reads the first at a start too. */
const [healthName, startName] = ['sluice.state', 'start.state'];

/** Whether a start reads a state file of its own, so that health may stay in the one that a reload reads. */
export const keepsHealth = (files: readonly File[]): boolean => files.some(({ text }) => text.includes(startName));

/**
 * Writes a generation beside the installed one, and links the files that are the same. Nothing sees it until `switchTo`.
 * It is a `.staging` folder until `keep` names it, so that one cut off half-way is never taken for a whole one.
 */
export function stage(home: string, wanted: Omit<Installed, 'folder'>, from: Installed | undefined): string {
  const staging = join(home, 'generations', '.staging');
  rmSync(staging, { recursive: true, force: true });
  fill(join(staging, 'haproxy'), wanted.files, from && { folder: join(from.folder, 'haproxy'), files: from.files });
  const pems = from && { folder: join(from.folder, 'certificates'), files: from.pems };
  fill(join(staging, 'certificates'), wanted.pems, pems);
  writeAtRest(staging, wanted.files, false);
  const { number, modified, generation } = wanted;
  write(join(staging, manifestName), `${JSON.stringify({ number, modified, generation })}\n`);
  return staging;
}

type Filled = { readonly folder: string; readonly files: readonly File[] };

function fill(folder: string, files: readonly File[], from: Filled | undefined): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [at, { name, text }] of files.entries()) {
    const twin = files.slice(at + 1).find((other) => other.text === text);
    const same = from?.files.some((other) => other.name === name && other.text === text);
    // The default certificate is one of the others: a link makes no second copy of its key.
    if (twin) symlinkSync(twin.name, join(folder, name));
    else if (!(from && same && linked(join(from.folder, name), join(folder, name)))) write(join(folder, name), text);
  }
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

/** Names a staged folder after its generation. A folder in use is never touched: a second try gets another name. */
export function keep(home: string, staging: string, number: number, installed: Installed | undefined): string {
  const name = join(home, 'generations', String(number));
  const folder = name === installed?.folder ? `${name}b` : name;
  rmSync(folder, { recursive: true, force: true });
  renameSync(staging, folder);
  return folder;
}

/**
 * Makes HAProxy start with every server DOWN until its first passed check.
 *
 * @param isRunning then a reload may believe the health that was seen last
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

/** Keys are in these files: readable by root alone from the start, and on the disk before anything points to them. */
function write(file: string, text: string): void {
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Whether HAProxy was started on this disk before. A claim of an earlier release says so too. */
export const wasStarted = (home: string): boolean =>
  ['started', 'claimed'].some((name) => existsSync(join(home, name)));

/** Ignores errors: on a full disk the next sync writes it. `bootstrap.sh` writes it too, before it starts HAProxy. */
export function noteStarted(home: string): void {
  if (existsSync(join(home, 'started'))) return;
  try {
    writeFileSync(join(home, 'started'), '');
  } catch {}
}

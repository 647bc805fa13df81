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

import type { WantedServer } from '../../haproxy/backend';
import type { File } from '../../haproxy/render';
import { stateFile } from '../change';
import { type Installed, isFile, manifestName } from './installed';

/** For a reload, and for a start. A configuration of 0.1.0 reads the first one at a start too. */
const [healthName, startName] = ['sluice.state', 'start.state'];

export const keepsHealth = (files: readonly File[]): boolean => files.some(({ text }) => text.includes(startName));

/** Links files that have not changed. A `.staging` folder, until `keep` names it, never counts as a whole generation; it lacks `writeAtRest`. */
export function stage(home: string, wanted: Omit<Installed, 'folder'>, from: Installed | undefined): string {
  const staging = join(home, 'generations', '.staging');
  rmSync(staging, { recursive: true, force: true });
  // Not with `recursive`: Node.js then reports a read-only disk as ENOENT.
  mkdirSync(staging, { mode: 0o700 });
  fill(join(staging, 'haproxy'), wanted.files, from && { folder: join(from.folder, 'haproxy'), files: from.files });
  const pems = from && { folder: join(from.folder, 'certificates'), files: from.pems };
  fill(join(staging, 'certificates'), wanted.pems, pems);
  const { number, modified, generation } = wanted;
  write(join(staging, manifestName), `${JSON.stringify({ number, modified, generation })}\n`);
  return staging;
}

type Filled = { readonly folder: string; readonly files: readonly File[] };

function fill(folder: string, files: readonly File[], from: Filled | undefined): void {
  mkdirSync(folder, { mode: 0o700 });
  for (const [at, { name, text }] of files.entries()) {
    const twin = files.slice(at + 1).find((other) => other.text === text);
    const same = from?.files.some((other) => other.name === name && other.text === text);
    // The default certificate is one of the others: a link makes no second copy of its key.
    if (twin) symlinkSync(twin.name, join(folder, name));
    else if (!(from && same && linked(join(from.folder, name), join(folder, name)))) write(join(folder, name), text);
  }
}

/** Links do not work across file systems. */
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch {
    return false;
  }
}

/** Danger: a folder in use is never touched; a second try gets another name. */
export function keep(home: string, staging: string, number: number, installed: Installed | undefined): string {
  const name = join(home, 'generations', String(number));
  const folder = name === installed?.folder ? `${name}b` : name;
  rmSync(folder, { recursive: true, force: true });
  renameSync(staging, folder);
  return folder;
}

/** What HAProxy starts with: every server is DOWN until its first passed check. */
export const atRest = (servers: readonly WantedServer[]): string => stateFile([], servers);

/** @param isRunning a reload may use the health that was last seen */
export function writeAtRest(folder: string, files: readonly File[], text: string, isRunning: boolean): void {
  writeState(folder, startName, text, true);
  if (!isRunning || !keepsHealth(files)) writeState(folder, healthName, text, !keepsHealth(files));
}

/** No start of the machine reads it, so it need not be on the disk before the rename. */
export const writeHealth = (folder: string, text: string): void => writeState(folder, healthName, text, false);

function writeState(folder: string, name: string, text: string, isDurable: boolean): void {
  const file = join(folder, name);
  if (isFile(file) && readFileSync(file, 'utf8') === text) return;
  rmSync(`${file}.next`, { recursive: true, force: true });
  write(`${file}.next`, text, isDurable);
  if (!isFile(file)) rmSync(file, { recursive: true, force: true });
  renameSync(`${file}.next`, file);
}

/** Secret: these files hold keys, so only root may read them. A durable one is on the disk before anything points to it. */
function write(file: string, text: string, isDurable = true): void {
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    writeFileSync(descriptor, text);
    if (isDurable) fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A claim of an earlier release counts too. */
export const wasStarted = (home: string): boolean =>
  ['started', 'claimed'].some((name) => existsSync(join(home, name)));

/** `bootstrap.sh` writes it too, before it starts HAProxy; on a full disk the next sync does. */
export function noteStarted(home: string): void {
  const file = join(home, 'started');
  if (existsSync(file)) return;
  try {
    // It may be a link that leads nowhere.
    rmSync(file, { force: true });
    writeFileSync(file, '');
  } catch {}
}

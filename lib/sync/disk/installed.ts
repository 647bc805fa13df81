import { readdirSync, readFileSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { parseCertificates } from '../../generation/generation';
import type { File } from '../../haproxy/render';
import type { Current } from '../current';

/** The generation that HAProxy's folder holds. `folder` is the versioned one behind the symlink. */
export type Installed = Current & {
  readonly folder: string;
  readonly files: readonly File[];
  readonly pems: readonly File[];
};

/** The file of a versioned folder that says which generation it is. */
export const manifestName = 'generation.json';

const nothing: Current = { number: 0, modified: 0, generation: { files: [], certificates: [] } };

/** Reads what is installed, or gives `undefined` where nothing ever was. */
export function readInstalled(link: string): Installed | undefined {
  if (!isFolder(link)) return undefined;
  const folder = resolve(dirname(link), readlinkSync(link));
  const files = readFolder(join(folder, 'haproxy'));
  return { ...readManifest(folder), folder, files, pems: readFolder(join(folder, 'certificates')) };
}

function readFolder(folder: string): readonly File[] {
  if (!isFolder(folder)) return [];
  return readdirSync(folder).map((name) => {
    // Whatever else lies there is no file of ours, so the folder is not the one that is wanted. A link leads to a file beside it.
    const file = join(folder, name);
    return { name, text: isFile(file) ? readFileSync(file, 'utf8') : '' };
  });
}

export const isFolder = (path: string): boolean => look(path)?.isDirectory() ?? false;
export const isFile = (path: string): boolean => look(path)?.isFile() ?? false;

/** What a path leads to; nothing also where it leads through a file, or in a circle. */
function look(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(String((error as NodeJS.ErrnoException).code))) return undefined;
    throw error;
  }
}

/** A manifest that cannot be read makes the generation an unknown one: everything is compared by hash, and staged anew. */
function readManifest(folder: string): Current {
  try {
    const { number, modified, generation } = JSON.parse(readFileSync(join(folder, manifestName), 'utf8')) as Current;
    const isRight =
      [number, modified].every((each) => Number.isFinite(each) && each >= 0) && Number.isSafeInteger(number);
    if (!isRight || !Array.isArray(generation.files)) return nothing;
    const certificates = parseCertificates(JSON.stringify(generation.certificates));
    return { number, modified, generation: { ...generation, certificates } };
  } catch {
    return nothing;
  }
}

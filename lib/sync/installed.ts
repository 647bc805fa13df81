import { type Dirent, existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

import type { File } from '../haproxy/render';
import type { Current } from './current';

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
  if (!existsSync(link)) return undefined;
  const folder = readlinkSync(link);
  const files = readFolder(join(folder, 'haproxy'));
  return { ...readManifest(folder), folder, files, pems: readFolder(join(folder, 'certificates')) };
}

function readFolder(folder: string): readonly File[] {
  if (!existsSync(folder)) return [];
  // A link leads to a file beside it.
  const isRead = (entry: Dirent) => entry.isFile() || (entry.isSymbolicLink() && existsSync(join(folder, entry.name)));
  const files = readdirSync(folder, { withFileTypes: true }).filter(isRead);
  return files.map(({ name }) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
}

/** A manifest that cannot be read makes the generation an unknown one: everything is compared by hash, and staged anew. */
function readManifest(folder: string): Current {
  try {
    return JSON.parse(readFileSync(join(folder, manifestName), 'utf8')) as Current;
  } catch {
    return nothing;
  }
}

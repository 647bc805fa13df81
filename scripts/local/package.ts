import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const root = join(__dirname, '../..');

/**
 * The folder that `sls package` wrote for the sources as they are: the template and the zip of every function.
 * Kept per content of the sources, so that every test file after the first finds it done. Nobody may write in it.
 */
export async function packaged(): Promise<string> {
  const folder = join(tmpdir(), `sluice-package-${userInfo().uid}-${digest()}`);
  const lock = `${folder}.lock`;
  while (!existsSync(folder)) {
    if (!locked(lock)) {
      await sleep(100);
      continue;
    }
    try {
      if (!existsSync(folder)) await packageInto(folder);
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
  return folder;
}

async function packageInto(folder: string): Promise<void> {
  const half = `${folder}.${process.pid}`;
  await promisify(execFile)(join(root, 'node_modules/.bin/sls'), ['package', '--package', half], { cwd: root }).catch(
    (error: Error & { stdout?: string; stderr?: string }) => {
      throw new Error(`sls package failed; run it by hand to see why:\n${error.stdout}${error.stderr}`, {
        cause: error,
      });
    },
  );
  renameSync(half, folder);
}

/** Two at once would share serverless-esbuild's work folder. A lock of a process that died is taken over. */
function locked(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    if (Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > 60_000)
      rmSync(lock, { recursive: true });
    return false;
  }
}

function digest(): string {
  const files = ['functions', 'lib', 'resources'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  );
  const top = readdirSync(root).filter((file) => /\.ya?ml$|^package(-lock)?\.json$/.test(file));
  const hash = createHash('sha256');
  for (const file of [...top, ...files].sort()) {
    if (statSync(join(root, file)).isFile())
      hash
        .update(`${file}\0`)
        .update(readFileSync(join(root, file)))
        .update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}

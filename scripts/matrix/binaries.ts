import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { path } from '../real/processes';

export type Binary = { readonly path: string; readonly version: string };

/** `lacks` says why there is none. */
export type Found = Binary | { readonly lacks: string };

const root = join(__dirname, '../..');
const env = { ...process.env, PATH: path };

async function output(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd: root, env, timeout: 180_000 });
  return stdout.trim();
}

/** The last line of what a command complained of is its reason. */
const reasonOf = (error: unknown): string => {
  const { stderr = '', message } = error as Error & { stderr?: string };
  return (stderr.trim().split('\n').at(-1) || message).trim();
};

/** The version that a binary shows; '' if it does not start. */
const versionOf = async (program: string, flag: string): Promise<string> =>
  /\d+\.\d+\.\d+/.exec(await output(program, flag).catch(() => ''))?.[0] ?? '';

/** The binary that the environment names, if it names one. @param variable such as `HAPROXY_2_8` */
async function namedBy(variable: string, release: string, flag: string): Promise<Found | undefined> {
  const named = process.env[variable];
  if (!named) return undefined;
  const version = await versionOf(named, flag);
  if (version.startsWith(`${release}.`)) return { path: named, version };
  return { lacks: `${variable} names ${named}, which is not ${release} or does not start` };
}

const variableOf = (program: string, release: string): string => `${program}_${release.replace('.', '_')}`;

/** The one that `HAPROXY_2_8` and so on names, the system's own, or one that is fetched. */
export async function haproxyOf(release: string): Promise<Found> {
  const variable = variableOf('HAPROXY', release);
  const named = await namedBy(variable, release, '-v');
  if (named) return named;
  const system = await versionOf('haproxy', '-v');
  if (system.startsWith(`${release}.`)) return { path: 'haproxy', version: system };
  if (!release.startsWith('3.'))
    return { lacks: `${variable} names no binary, and the system has ${system || 'none'}` };
  return output('scripts/haproxy-versions.sh', release).then(
    async (line) => {
      const fetched = line.slice(release.length + 1);
      return fetched === ''
        ? { lacks: `it could not be fetched; ${variable} may name a binary` }
        : { path: fetched, version: await versionOf(fetched, '-v') };
    },
    (error) => ({ lacks: reasonOf(error) }),
  );
}

/** The one that `NODE_18_19` and so on names, or one from the npm registry, which is kept for the next time. */
export async function nodeOf(release: string): Promise<Found> {
  const named = await namedBy(variableOf('NODE', release), release, '-v');
  if (named) return named;
  const kept = join(root, 'node_modules/.cache', `sync-node-${release}`);
  const binary = join(kept, 'node_modules/node/bin/node');
  try {
    if (!existsSync(binary)) await fetchNode(release, kept);
    const version = await versionOf(binary, '-v');
    return version === ''
      ? { lacks: `the one from the npm registry does not start: ${binary}` }
      : { path: binary, version };
  } catch (error) {
    return { lacks: `it could not be fetched from the npm registry: ${reasonOf(error)}` };
  }
}

/** The folder gets its name last, so that half of a Node.js is never kept. */
async function fetchNode(release: string, into: string): Promise<void> {
  const partly = `${into}.${process.pid}`;
  mkdirSync(partly, { recursive: true });
  try {
    const quiet = ['--no-save', '--no-package-lock', '--no-fund', '--no-audit', '--loglevel=error'];
    await output('npm', 'install', '--prefix', partly, ...quiet, `node@${release}`);
    renameSync(partly, into);
  } finally {
    rmSync(partly, { recursive: true, force: true });
  }
}

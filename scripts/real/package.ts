import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const root = join(__dirname, '../..');
const dayMs = 86_400_000;
const cache = join(root, 'node_modules/.cache/sluice-package');

/** Settings, as on the command line, that tests package with. Each variant lists what differs from the default. */
export const variants = {
  default: [],
  beside: [
    'vpcId=vpc-0123456789abcdef0',
    'publicSubnetIds=subnet-0123456789abcdef0,subnet-0fedcba9876543210',
    'clusters=default,jobs',
    'taskSecurityGroupIds=sg-0123456789abcdef0,sg-0fedcba9876543210',
  ],
  twoProxies: ['proxies=2'],
  withoutHelloWorld: ['helloWorld=false'],
  alb: ['alb=true', 'albPercent=10'],
  cloudMap: ['cloudMap=true', 'dns=apex', 'taskCapacity=on-demand', 'taskInstanceTypes=t3a.small,t3.small'],
} as const;
export type Variant = keyof typeof variants;

const always = ['domain=sluice.test', 'hostedZoneId=Z0SLUICETEST'];

/**
 * The folder that `sls package` wrote for the sources as they are: the template and the zip of every function.
 * Kept per content of the sources, so that every test file after the first finds it done. Nobody may write in it.
 */
export async function packaged(variant: Variant = 'default', stage = 'dev'): Promise<string> {
  mkdirSync(cache, { recursive: true });
  const lock = join(cache, 'lock');
  const ofSources = () => join(cache, `${digest()}-${variant}-${stage}`);
  for (;;) {
    const folder = ofSources();
    if (existsSync(folder)) return folder;
    if (!locked(lock)) {
      await sleep(100);
      continue;
    }
    const half = `${folder}.${process.pid}`;
    const held = setInterval(() => existsSync(lock) && utimesSync(lock, new Date(), new Date()), 5_000);
    try {
      await packageSources(root, half, [...variants[variant]], stage);
      // If a source was edited meanwhile, the package may belong to neither state.
      if (ofSources() === folder && !existsSync(folder)) renameSync(half, folder);
      tidy(half);
    } finally {
      clearInterval(held);
      rmSync(lock, { recursive: true, force: true });
    }
  }
}

/** Packages the files in `sources` into a folder, with settings as on the command line. */
export async function packageSources(sources: string, into: string, settings: readonly string[], stage = 'dev') {
  // serverless-esbuild leaves a folder behind in TMPDIR each time.
  const leftovers = mkdtempSync(join(tmpdir(), 'sluice-packaging-'));
  const params = [...always, ...settings].flatMap((param) => ['--param', param]);
  const words = ['package', '--package', into, '--stage', stage, ...params];
  const run = promisify(execFile)(join(root, 'node_modules/.bin/sls'), words, {
    cwd: sources,
    // The settings of whoever runs the tests must not matter.
    env: { ...process.env, TMPDIR: leftovers, SLUICE_SETTINGS: 'none.yml' },
  });
  await run
    .catch((error: Error & { stdout?: string; stderr?: string }) => {
      const said = `${error.stdout}${error.stderr}`;
      throw new Error(`sls package failed; run it by hand to see why:\n${said}`, { cause: error });
    })
    .finally(() => rmSync(leftovers, { recursive: true, force: true }));
}

function tidy(half: string): void {
  for (const each of readdirSync(cache).map((name) => join(cache, name))) {
    if (each === half || Date.now() - statSync(each).mtimeMs > dayMs) rmSync(each, { recursive: true, force: true });
  }
}

/** Two at once would share serverless-esbuild's work folder. The holder renews the lock; that of a process that died is taken over. */
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

/** All files that a package is made of, relative to the repository. */
export function sourceFiles(): readonly string[] {
  const inFolders = ['functions', 'lib', 'resources'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  );
  const isSource = (file: string) =>
    /\.ya?ml$|^(package(-lock)?|tsconfig)\.json$/.test(file) && file !== 'settings.yml';
  const top = readdirSync(root).filter(isSource);
  return [...top, ...inFolders].filter((file) => statSync(join(root, file)).isFile()).sort();
}

function digest(): string {
  const hash = createHash('sha256');
  for (const file of sourceFiles())
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex').slice(0, 16);
}

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { buildSync } from 'esbuild';
import { gzipSync, zipSync } from 'fflate';

import { packaged } from '../../scripts/real/package';

const { script } = require('../../resources/sync.cjs') as { script: (prefix: string) => string };

const root = join(__dirname, '../..');
const folder = join(__dirname, 'released');

/** Every release of which something is kept. */
export const releases = (): readonly string[] => readdirSync(folder).filter((name) => /^\d+\.\d+\.\d+$/.test(name));

const file = (release: string, what: 'sync.sh' | 'reconcile.cjs' | ''): string =>
  join(folder, what ? `${release}.${what}.gz` : release);

/** What a release left behind, by name: `==> name` and a text. */
export const readLeft = (release: string): ReadonlyMap<string, string> =>
  new Map(
    readFileSync(file(release, ''), 'utf8')
      .split(/^==> /m)
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)]),
  );

/**
 * Keeps what a release leaves behind, and the two parts of it that run: the document's script, and reconcile without its packages.
 *
 * @throws when the release is kept already: what was released never changes.
 */
export function keepRelease(release: string, left: Readonly<Record<string, string>>): void {
  if (existsSync(file(release, ''))) {
    throw new Error(`${file(release, '')} holds what ${release} left; raise the version in package.json first`);
  }
  const text = Object.entries(left).map(([name, each]) => `==> ${name}\n${each}`);
  writeFileSync(file(release, ''), text.join(''));
  keepParts(release);
}

function keepParts(release: string): void {
  const reconcile = bundle({ entryPoints: [join(root, 'functions/reconcile.ts')], packages: 'external' });
  const parts = { 'sync.sh': script('/sluice/dev'), 'reconcile.cjs': reconcile } as const;
  for (const [what, text] of Object.entries(parts)) {
    const packed = gzipSync(Buffer.from(text), { level: 9, mtime: 0 });
    writeFileSync(file(release, what as keyof typeof parts), packed, { flag: 'wx' });
  }
}

export const keptPart = (release: string, what: 'sync.sh' | 'reconcile.cjs'): string =>
  gunzipSync(readFileSync(file(release, what))).toString();

/** A package of today's template with the sync and the reconcile of a release in it. */
export async function packagedAs(release: string, into: string): Promise<string> {
  await mkdir(into, { recursive: true });
  await cp(await packaged(), into, { recursive: true });
  const template = join(into, 'cloudformation-template-update-stack.json');
  const { Resources, ...rest } = JSON.parse(readFileSync(template, 'utf8'));
  const { Properties } = Resources.SyncDocument;
  Properties.Content.mainSteps[0].inputs.runCommand = [keptPart(release, 'sync.sh')];
  Properties.Name = nameIn(release);
  writeFileSync(template, JSON.stringify({ ...rest, Resources }));

  const contents = keptPart(release, 'reconcile.cjs');
  const reconcile = bundle({ stdin: { contents, resolveDir: root, sourcefile: `reconcile of ${release}` } });
  writeFileSync(join(into, 'reconcile.zip'), zipSync({ 'functions/reconcile.js': Buffer.from(reconcile) }));
  return into;
}

/** 0.1.0 gave its document new versions in place; later ones have the hash of their content in the name. */
const nameIn = (release: string): string =>
  release === '0.1.0' ? 'sluice-dev-sync' : `sluice-dev-sync_${release.replaceAll('.', '').padStart(10, '0')}`;

const bundle = (options: Parameters<typeof buildSync>[0]): string =>
  buildSync({ bundle: true, write: false, platform: 'node', target: 'node22', absWorkingDir: root, ...options })
    .outputFiles?.[0]?.text ?? '';

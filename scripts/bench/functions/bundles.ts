import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';

import type { Table } from '../../measure/outcome';
import { packaged } from '../../real/package';
import type { PackagedFunction } from './invoked';

type Part = { readonly of: string; readonly bytes: number; readonly packed: number };
export type Bundle = {
  readonly name: string;
  /** What a start reads. */
  readonly bytes: number;
  /** What is read later, if at all. */
  readonly later: number;
  /** Of the zip that a deploy uploads. */
  readonly zipped: number;
  /** The largest first. */
  readonly parts: readonly Part[];
};

/** What the packager wrote for each function. */
export async function bundlesOf(functions: readonly PackagedFunction[]): Promise<readonly Bundle[]> {
  const folder = await packaged();
  return functions.map(({ name, folder: unpacked }) => {
    const files = readdirSync(join(unpacked, 'functions')).map((file) => ({
      isFirst: file === `${name}.js`,
      text: readFileSync(join(unpacked, 'functions', file), 'utf8'),
    }));
    const textOf = (first: boolean) => files.flatMap(({ isFirst, text }) => (isFirst === first ? text : [])).join('\n');
    const zipped = statSync(join(folder, `${name}.zip`)).size;
    const [bytes, later] = [textOf(true), textOf(false)].map((text) => Buffer.byteLength(text)) as [number, number];
    return { name, bytes, later, zipped, parts: partsOf(files.map(({ text }) => text).join('\n')) };
  });
}

/** esbuild names each source file in a comment before its code. */
const source = /^\s*\/\/ (?:\S*node_modules\/((?:@[^/]+\/)?[^/]+)\/\S+|(?:functions|lib)\/\S+\.ts)$/;

function partsOf(text: string): readonly Part[] {
  const texts = new Map<string, string[]>();
  let of = 'Sluice';
  for (const line of text.split('\n')) {
    const found = source.exec(line);
    if (found) of = found[1] ?? 'Sluice';
    const lines = texts.get(of) ?? [];
    lines.push(line);
    texts.set(of, lines);
  }
  return [...texts]
    .map(([name, lines]) => {
      const joined = lines.join('\n');
      return { of: name, bytes: Buffer.byteLength(joined), packed: deflateRawSync(joined, { level: 1 }).length };
    })
    .sort((a, b) => b.packed - a.packed);
}

export const kilobytes = (bytes: number): string => `${Math.round(bytes / 1000)} kB`;

const mostParts = 8;

export const bundleTables = (bundles: readonly Bundle[]): readonly Table[] => [
  {
    title: 'Size of each bundle',
    note: 'A start reads the first; renew reads the rest only before it orders a certificate. Zipped is what a deploy uploads.',
    head: ['function', 'at start', 'later', 'zipped'],
    rows: bundles.map(({ name, bytes, later, zipped }) => [name, ...[bytes, later, zipped].map(kilobytes)]),
  },
  ...bundles.map(({ name, parts }) => ({
    title: `What is in ${name}`,
    note: 'By npm package, each packed for itself; the largest.',
    head: ['package', 'plain', 'packed'],
    rows: parts.slice(0, mostParts).map(({ of, bytes, packed }) => [of, kilobytes(bytes), kilobytes(packed)]),
  })),
];

/** What holds a bundle up: the packages that the clients of AWS do not bring. */
export const heaviest = ({ parts }: Bundle): string =>
  parts
    .filter(({ of }) => of !== 'Sluice' && !/^@(aws-sdk|smithy)\//.test(of))
    .slice(0, 4)
    .map(({ of, packed }) => `${of} ${kilobytes(packed)}`)
    .join(', ');

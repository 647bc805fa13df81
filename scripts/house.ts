// `npm run house`: measures the code, one row for each part; lists what breaks docs/contributing.md's rules of size, then fails.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from '@babel/parser';

import { table } from './terminal/table';

type Fn = { readonly name: string; readonly lines: number };
type Source = {
  readonly file: string;
  readonly lines: number;
  readonly written: number;
  readonly comments: number;
  readonly functions: readonly Fn[];
  readonly imports: readonly string[];
};
type Node = { type?: string; loc?: { start: { line: number }; end: { line: number } }; [key: string]: unknown };

/** A file belongs to the first part that its path begins with. */
const parts = [
  'lib',
  'functions',
  'resources',
  'scripts/local',
  'scripts/real',
  'scripts/demo',
  'scripts/sluice',
  'scripts',
  'test',
];
const longestFile = 200;
const longestFunction = 40;
const mostFilesOfLib = 89;
const mostLinesOfPlayedAws = 4_000;
const mostApparatusLinesPerProgramLine = 3;

const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard', ...parts, 'scripts/demo.ts']).toString();
const files = [...new Set(tracked.split('\n'))].filter((file) => /\.(ts|cjs|mjs|sh|yml)$/.test(file));
const known = new Set(files);
const sources = files.map(read);

const titles = ' files lines median longest functions median 9/10 longest comments imports'.split(' ');
console.log(table([titles, ...parts.map((part) => row(part, of(part)))], [], [0]));
const apparatus = lines('test', 'scripts/local', 'scripts/real', 'scripts/demo');
const share = apparatus / lines('lib', 'functions', 'scripts/sluice');
console.log(`
Tests, scripts/local, scripts/real and scripts/demo: ${apparatus} lines. Lines of them for one line of
  lib, functions and scripts/sluice: ${share.toFixed(2)}
  these and resources: ${(apparatus / lines('lib', 'functions', 'scripts/sluice', 'resources')).toFixed(2)}`);

const faults = [
  ...sources.flatMap(({ file, lines }) => (lines > longestFile ? [`${file} has ${lines} lines`] : [])),
  ...sources.flatMap(({ file, functions }) =>
    functions.flatMap(({ name, lines }) => (lines > longestFunction ? [`${file}: ${name} has ${lines} lines`] : [])),
  ),
  ...circles().map((circle) => `import circle: ${circle.join(', ')}`),
  ...beyond('files in lib without lib/edge', of('lib').filter(isNoLabel).length, mostFilesOfLib),
  ...beyond('lines in scripts/local', lines('scripts/local'), mostLinesOfPlayedAws),
  ...beyond('lines of tests and apparatus for one of the program', share, mostApparatusLinesPerProgramLine),
];
console.log(['', `Broken rules: ${faults.length}`, ...faults].join('\n'));
process.exitCode = faults.length === 0 ? 0 : 1;

/** lib/edge has a file for each label. */
function isNoLabel({ file }: Source): boolean {
  return !file.startsWith('lib/edge/');
}

function beyond(what: string, value: number, most: number): readonly string[] {
  return value > most ? [`${what}: ${value}, at most ${most}`] : [];
}

function of(part: string): readonly Source[] {
  const within = (file: string) => parts.find((each) => file.startsWith(`${each}/`) || file === `${each}.ts`);
  return sources.filter(({ file }) => within(file) === part);
}

function lines(...some: readonly string[]): number {
  return some.flatMap(of).reduce((sum, source) => sum + source.lines, 0);
}

function read(file: string): Source {
  const text = readFileSync(file, 'utf8');
  const all = text.split('\n').slice(0, -1);
  const plain = { file, lines: all.length, written: all.filter((line) => line.trim() !== '').length };
  if (/\.(sh|yml)$/.test(file))
    return { ...plain, comments: all.filter((line) => /^\s*#/.test(line)).length, functions: [], imports: [] };
  const { program, comments } = parse(text, { sourceType: 'unambiguous', plugins: ['typescript'] });
  return {
    ...plain,
    comments: (comments ?? []).reduce((sum, { loc }) => sum + (loc ? loc.end.line - loc.start.line + 1 : 0), 0),
    functions: functionsIn(program),
    imports: Array.from(text.matchAll(/(?:from |require\(|import\()'(\.[^']*)'/g), ([, path = '']) =>
      ['', '.ts', '.cjs', '.mjs'].map((ending) => join(dirname(file), path) + ending),
    ).flatMap((candidates) => candidates.filter((each) => known.has(each))),
  };
}

/** Functions with a name of their own, of a variable or of a property, nested ones too; callbacks of `describe` and `it` have none. */
function functionsIn(value: unknown, given?: string): readonly Fn[] {
  if (Array.isArray(value)) return value.flatMap((each) => functionsIn(each));
  if (typeof value !== 'object' || value === null) return [];
  const { loc, ...node } = value as Node;
  const own = nameOf(node.id) ?? nameOf(node.key);
  const name = own ?? given;
  const isFunction = /Function|ObjectMethod|ClassMethod/.test(node.type ?? '') && node.body !== undefined;
  const found = isFunction && name && loc ? [{ name, lines: loc.end.line - loc.start.line + 1 }] : [];
  const inside = Object.entries(node).flatMap(([key, each]) =>
    functionsIn(each, key === 'init' || key === 'value' ? own : undefined),
  );
  return [...found, ...inside];
}

function nameOf(node: unknown): string | undefined {
  return (node as { name?: string } | undefined | null)?.name;
}

function row(part: string, own: readonly Source[]): readonly string[] {
  const sum = (count: (source: Source) => number): number => own.reduce((total, source) => total + count(source), 0);
  const sizes = own.map((source) => source.lines);
  const functions = own.flatMap((source) => source.functions.map((each) => each.lines));
  const comments = (100 * sum((source) => source.comments)) / sum((source) => source.written);
  const figures = [own.length, sum((source) => source.lines), at(sizes, 0.5), at(sizes, 1)];
  const ofFunctions = [functions.length, at(functions, 0.5), at(functions, 0.9), at(functions, 1)];
  const imports = sum((source) => source.imports.length) / own.length;
  return [part, ...[...figures, ...ofFunctions].map(String), `${comments.toFixed(1)} %`, imports.toFixed(1)];
}

/** The least value that so large a share of all values does not exceed. */
function at(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)] ?? 0;
}

/** Groups of files that import each other, directly or by others. */
function circles(): readonly (readonly string[])[] {
  const imports = new Map(sources.map((source) => [source.file, source.imports]));
  const reached = new Map(files.map((file) => [file, new Set<string>()]));
  for (const [file, seen] of reached)
    for (const waiting = [file]; waiting.length > 0; )
      for (const next of imports.get(waiting.pop() ?? '') ?? [])
        if (!seen.has(next)) waiting.push(next) && seen.add(next);
  const reaches = (from: string, to: string) => reached.get(from)?.has(to) === true;
  const group = (file: string) => files.filter((other) => reaches(file, other) && reaches(other, file));
  return files.filter((file) => reaches(file, file) && group(file)[0] === file).map(group);
}

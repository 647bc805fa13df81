// `npm run house`: measures the shape of the code, a row a folder, and names what breaks docs/contributing.md's rules of size.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ParseResult, parse } from '@babel/parser';

type Fn = { readonly name: string; readonly file: string; readonly lines: number };
type Room = {
  readonly file: string;
  readonly lines: number;
  readonly written: number;
  readonly comments: number;
  readonly functions: readonly Fn[];
  readonly imports: readonly string[];
};

const wings = ['lib', 'functions', 'resources', 'scripts/local', 'scripts/demo', 'scripts', 'test'];
const longestFile = 200;
const longestFunction = 40;

const files = execFileSync('git', [
  'ls-files',
  '-co',
  '--exclude-standard',
  ...new Set(wings.map((wing) => wing.split('/')[0] ?? '')),
])
  .toString()
  .split('\n')
  .filter((file) => /\.(ts|cjs|mjs|sh|yml)$/.test(file));
const known = new Set(files);
const rooms = files.map(look);
const wingOf = (file: string): string =>
  wings.find((wing) => file.startsWith(`${wing}/`) || file === `${wing}.ts`) ?? '';

for (const wing of wings)
  report(
    wing,
    rooms.filter(({ file }) => wingOf(file) === wing),
  );
const lines = (...of: readonly string[]): number =>
  rooms.filter(({ file }) => of.includes(wingOf(file))).reduce((sum, room) => sum + room.lines, 0);
const apparatus = lines('test', 'scripts/local', 'scripts/demo');
const ratio = (a: number, b: number): string => (a / b).toFixed(2);
console.log(
  `tests and apparatus (test, scripts/local, scripts/demo) a line of lib and functions: ${ratio(apparatus, lines('lib', 'functions'))}`,
);
console.log(
  `the same a line of lib, functions and resources: ${ratio(apparatus, lines('lib', 'functions', 'resources'))}`,
);

const faults = [
  ...rooms.filter((room) => room.lines > longestFile).map(({ file, lines }) => `${file} has ${lines} lines`),
  ...rooms
    .flatMap((room) => room.functions)
    .filter((fn) => fn.lines > longestFunction)
    .map(({ file, name, lines }) => `${name} in ${file} has ${lines} lines`),
  ...circles().map((circle) => `these import each other in a circle: ${circle.join(', ')}`),
];
for (const fault of faults) console.log(fault);

/** Named functions only: a callback of `describe` or `it` is a list of statements, and has no name to be found by. */
function look(file: string): Room {
  const text = readFileSync(file, 'utf8');
  const all = text.split('\n').slice(0, -1);
  const written = all.filter((line) => line.trim() !== '').length;
  const plain = { file, lines: all.length, written };
  if (/\.(sh|yml)$/.test(file))
    return { ...plain, comments: all.filter((line) => /^\s*#/.test(line)).length, functions: [], imports: [] };
  const tree = parse(text, { sourceType: 'unambiguous', plugins: ['typescript'], errorRecovery: true });
  const functions: Fn[] = [];
  visit(tree.program, undefined, (node, name) => {
    if (name !== undefined && node.loc)
      functions.push({ name, file, lines: node.loc.end.line - node.loc.start.line + 1 });
  });
  return { ...plain, comments: commented(tree), functions, imports: imported(file, text) };
}

type Node = { type?: string; loc?: { start: { line: number }; end: { line: number } }; [key: string]: unknown };

/** Calls `found` for each function, with the name that it was given: its own, its variable's, or its property's. */
function visit(value: unknown, given: string | undefined, found: (node: Node, name: string | undefined) => void): void {
  if (Array.isArray(value)) for (const each of value) visit(each, undefined, found);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  const node = value as Node;
  if (/Function|ObjectMethod|ClassMethod/.test(node.type ?? '') && node.body)
    found(node, nameOf(node.id) ?? nameOf(node.key) ?? given);
  for (const [key, inside] of Object.entries(node))
    if (key !== 'loc')
      visit(inside, key === 'init' || key === 'value' ? (nameOf(node.id) ?? nameOf(node.key)) : undefined, found);
}

function nameOf(node: unknown): string | undefined {
  return (node as { name?: string } | undefined)?.name;
}

function commented(tree: ParseResult): number {
  const own = (tree.comments ?? []).flatMap(({ loc }) => (loc ? [loc] : []));
  return own.reduce((sum, { start, end }) => sum + end.line - start.line + 1, 0);
}

function imported(file: string, text: string): readonly string[] {
  return Array.from(text.matchAll(/(?:from |require\()'(\.[^']*)'/g), ([, path = '']) =>
    join(dirname(file), path),
  ).flatMap((path) => [path, `${path}.ts`, `${path}.cjs`, `${path}.mjs`].filter((each) => known.has(each)));
}

function report(wing: string, own: readonly Room[]): void {
  const functions = own.flatMap((room) => room.functions.map(({ lines }) => lines)).sort((a, b) => a - b);
  const sizes = own.map((room) => room.lines).sort((a, b) => a - b);
  const at = (sorted: readonly number[], part: number): number => sorted[Math.floor((sorted.length - 1) * part)] ?? 0;
  const sum = (of: (room: Room) => number): number => own.reduce((total, room) => total + of(room), 0);
  console.log(
    `${wing.padEnd(14)} ${own.length} files, ${sum((room) => room.lines)} lines, median ${at(sizes, 0.5)}, longest ${at(sizes, 1)}; ` +
      `${functions.length} functions, median ${at(functions, 0.5)}, nine in ten below ${at(functions, 0.9)}, longest ${at(functions, 1)}; ` +
      `comments ${((100 * sum((room) => room.comments)) / sum((room) => room.written)).toFixed(1)} %; ` +
      `imports a file ${(sum((room) => room.imports.length) / own.length).toFixed(1)}`,
  );
}

/** Tarjan's strongly connected components, those of two files and more. */
function circles(): readonly (readonly string[])[] {
  const of = new Map(rooms.map((room) => [room.file, room.imports]));
  const reach = (from: string): ReadonlySet<string> => {
    const seen = new Set<string>();
    const waiting = [...(of.get(from) ?? [])];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
      if (!seen.has(next)) waiting.push(...(of.get(seen.add(next) && next) ?? []));
    return seen;
  };
  const reached = new Map(files.map((file) => [file, reach(file)]));
  const inCircle = files.filter((file) => reached.get(file)?.has(file));
  const groups = inCircle.map((file) =>
    inCircle.filter((other) => reached.get(file)?.has(other) && reached.get(other)?.has(file)),
  );
  return groups.filter((group, at) => groups.findIndex((other) => other[0] === group[0]) === at);
}

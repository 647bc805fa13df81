/** Where a text stops being JSON, or goes too deep; line and column begin with 1. */
export class NotJson extends Error {
  constructor(
    readonly why: string,
    text: string,
    at: number,
  ) {
    const before = text.slice(0, at).split('\n');
    super(`line ${before.length}, column ${(before.at(-1) ?? '').length + 1}: ${why}`);
  }
}

/** A task definition has about ten levels, a template a few more. */
const mostLevels = 50;

const token =
  /[ \t\n\r]*(?:([{}[\],:])|("(?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/y;

type Token = { readonly mark: string; readonly string?: string; readonly at: number };

/**
 * Reads JSON. `JSON.parse` names no place of some faults, and takes the last of two equal keys without a word: they are in `twice`.
 * @throws NotJson
 */
export function readJson(text: string): { readonly value: unknown; readonly twice: readonly string[] } {
  const reader = { text, at: 0, twice: [] as string[] };
  readValue(reader, take(reader, values, 'a value'), 0);
  const rest = /[^ \t\n\r]/.exec(text.slice(reader.at));
  if (rest) throw new NotJson('the value has ended, but the text goes on', text, reader.at + rest.index);
  return { value: JSON.parse(text), twice: reader.twice };
}

type Reader = { readonly text: string; at: number; readonly twice: string[] };

function next(reader: Reader): Token {
  token.lastIndex = reader.at;
  const found = token.exec(reader.text);
  if (!found) return fail(reader);
  reader.at = token.lastIndex;
  const [whole, mark, string] = found;
  const at = reader.at - whole.trimStart().length;
  const control = string === undefined ? -1 : [...string].findIndex((each) => each < ' ');
  if (control >= 0) throw new NotJson('a text holds a line break or a control character', reader.text, at + control);
  return string === undefined ? { mark: mark ?? 'value', at } : { mark: 'string', string, at };
}

function fail({ text, at }: Reader): never {
  const place = at + (/[^ \t\n\r]/.exec(text.slice(at))?.index ?? text.length - at);
  throw new NotJson(place < text.length ? 'this is not JSON' : 'the text ends before the value does', text, place);
}

/** Reads the next token. @throws NotJson unless it is one of these */
function take(reader: Reader, marks: string, what: string): Token {
  const found = next(reader);
  if (!marks.split(' ').includes(found.mark)) throw new NotJson(`${what} is expected here`, reader.text, found.at);
  return found;
}

const values = 'string value { [';

function readValue(reader: Reader, { mark, at }: Token, level: number): void {
  if (level > mostLevels) throw new NotJson(`more than ${mostLevels} levels`, reader.text, at);
  if (mark === '{') readObject(reader, level + 1);
  if (mark === '[') readList(reader, level + 1);
}

function readObject(reader: Reader, level: number): void {
  const keys = new Set<string>();
  let key = take(reader, 'string }', 'a key or }');
  while (key.mark !== '}') {
    const name = JSON.parse(key.string ?? '') as string;
    if (keys.has(name)) reader.twice.push(name);
    keys.add(name);
    take(reader, ':', 'a colon');
    readValue(reader, take(reader, values, 'a value'), level);
    if (take(reader, ', }', 'a comma or }').mark === '}') return;
    key = take(reader, 'string', 'a key');
  }
}

function readList(reader: Reader, level: number): void {
  let first = take(reader, `${values} ]`, 'a value or ]');
  while (first.mark !== ']') {
    readValue(reader, first, level);
    if (take(reader, ', ]', 'a comma or ]').mark === ']') return;
    first = take(reader, values, 'a value');
  }
}

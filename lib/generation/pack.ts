import { gunzipSync, gzipSync } from 'node:zlib';

/** Bytes that a standard, free parameter holds (AWS: Parameter Store, parameter tiers). */
const standardBytes = 4096;

/**
 * Splits a text into parameter values: as it is where it fits a free parameter, so that people can read it, else as gzip
 * in base64, in parts of at most `partBytes`.
 */
export function pack(text: string, partBytes = standardBytes): readonly string[] {
  if (Buffer.byteLength(text) <= standardBytes) return [text];
  const packed = gzipSync(text, { level: 9 }).toString('base64');
  return packed.match(new RegExp(`.{1,${partBytes}}`, 'g')) ?? [];
}

/**
 * Joins what `pack` split. A configuration never begins like gzip does.
 *
 * @throws when the parts are damaged.
 */
export function unpack(parts: readonly string[]): string {
  const joined = parts.join('');
  return joined.startsWith('H4sI') ? gunzipSync(Buffer.from(joined, 'base64')).toString() : joined;
}

import type { Backend } from './backend';
import { type Certificate, printGeneration, sha256 } from './generation';
import { type Configuration, type File, render } from './render';

/**
 * Renders as many backends as `haproxy/current` can list, about 120 of usual names. The youngest are left out, so that
 * whoever adds one too many is the one who waits.
 */
export function renderListable(
  { backends, certified }: Configuration,
  certificates: readonly Certificate[],
): { readonly files: readonly File[]; readonly left: readonly Backend[] } {
  const oldestFirst = [...backends].sort((a, b) => age(a) - age(b));
  for (let count = oldestFirst.length; ; count--) {
    const files = render({ backends: oldestFirst.slice(0, count), certified });
    if (count === 0 || isListable(files, certificates)) return { files, left: oldestFirst.slice(count) };
  }
}

const age = ({ routes }: Backend): number => Math.min(...routes.map(({ since }) => since));

/** With hashes and versions of the length that they will have; a part holds at least 8 KB of text. */
function isListable(files: readonly File[], certificates: readonly Certificate[]): boolean {
  const pieces = files.map(({ name, text }) => {
    const parts = 1 + Math.floor(text.length / 8_192);
    return { name, sha256: sha256(name), versions: Array.from({ length: parts }, (_, part) => 99_999 + part) };
  });
  return printGeneration({ files: pieces, certificates }).length === 1;
}

import type { Backend } from './backend';
import { type Certificate, printGeneration, sha256 } from './generation';
import { pack } from './pack';
import { type Configuration, type File, render } from './render';

/**
 * Renders as many backends as `haproxy/current` can list, about 120 of usual names. The youngest are left out, so that
 * whoever adds one too many is the one who waits; before them what is only remembered of deleted services.
 */
export function renderListable(
  { backends, certified }: Configuration,
  certificates: readonly Certificate[],
): { readonly files: readonly File[]; readonly leftOut: readonly Backend[] } {
  const oldestFirst = [...backends].sort((a, b) => age(a) - age(b));
  for (let count = oldestFirst.length; ; count--) {
    const files = render({ backends: oldestFirst.slice(0, count), certified });
    if (count === 0 || isListable(files, certificates)) return { files, leftOut: oldestFirst.slice(count) };
  }
}

const age = ({ routes }: Backend): number => Math.min(...routes.map(({ since }) => since));

/** With hashes and versions of the length that they will have. */
function isListable(files: readonly File[], certificates: readonly Certificate[]): boolean {
  const pieces = files.map(({ name, text }) => {
    const versions = pack(text).map((_, part) => 99_999 + part);
    return { name, sha256: sha256(name), versions };
  });
  return printGeneration({ files: pieces, certificates }).length === 1;
}

import type { Backend } from './backend';
import { type Certificate, printGeneration, sha256 } from './generation';
import { pack } from './pack';
import { type Configuration, type File, render } from './render';

/**
 * Renders as many backends as `haproxy/current` can list, about 120 of usual names. What was added last is left out, and all
 * that a service added with it, so that whoever adds one too many is the one who waits; before that what is only remembered
 * of deleted services.
 */
export function renderListable(
  { backends, certified }: Configuration,
  certificates: readonly Certificate[],
): { readonly files: readonly File[]; readonly leftOut: readonly Backend[] } {
  const all = render({ backends, certified });
  const sizes = new Map(all.map(({ name, text }) => [name, pack(text).length]));
  const shared = all.map(({ name }) => name).filter((name) => !name.startsWith('50-'));
  const fits = (listed: readonly Backend[]) => {
    const names = [...shared, ...listed.map(({ name }) => `50-${name}.cfg`)];
    return isListable(
      names.map((name) => ({ name, parts: sizes.get(name) ?? 1 })),
      certificates,
    );
  };

  if (fits(backends)) return { files: all, leftOut: [] };
  const listed: Backend[] = [];
  const leftOut: Backend[] = [];
  for (const added of additions(backends)) {
    if (leftOut.length === 0 && fits([...listed, ...added])) listed.push(...added);
    else leftOut.push(...added);
  }
  return { files: render({ backends: listed, certified }), leftOut };
}

/** What each service added in one step, oldest first; what is only remembered comes last. */
function additions(backends: readonly Backend[]): readonly (readonly Backend[])[] {
  const steps = new Map<string, { readonly since: number; readonly added: Backend[] }>();
  for (const backend of backends) {
    const since = Math.min(...backend.routes.map((route) => route.since));
    const key = `${backend.cluster}/${backend.service} ${since}`;
    const step = steps.get(key) ?? { since, added: [] };
    step.added.push(backend);
    steps.set(key, step);
  }
  return [...steps.values()]
    .sort((a, b) => (a.since < b.since ? -1 : a.since > b.since ? 1 : 0))
    .map(({ added }) => added);
}

/** With hashes and versions that are as long, and compress as badly, as they ever will: a version may have seven digits. */
function isListable(
  files: readonly { readonly name: string; readonly parts: number }[],
  certificates: readonly Certificate[],
): boolean {
  const pieces = files.map(({ name, parts }) => {
    const versions = Array.from({ length: parts }, (_, part) => sevenDigits(`${name} ${part}`));
    return { name, sha256: sha256(name), versions };
  });
  return printGeneration({ files: pieces, certificates }).length === 1;
}

const sevenDigits = (text: string): number =>
  1_000_000 + (Buffer.from(sha256(text), 'base64url').readUInt32BE() % 9_000_000);

import type { Backend } from '../haproxy/backend';
import { type Configuration, type File, render } from '../haproxy/render';
import { type Certificate, type Generation, type Piece, printGeneration, sha256 } from './generation';
import { pack } from './pack';

/**
 * Renders as many backends as `haproxy/current` can list, about 120 of usual names. What is published stays as long as it fits.
 * Of the rest, what was added last is left out, and all that a service added with it: whoever adds one too many waits. Before
 * that goes what is only remembered of deleted services.
 */
export function renderListable(
  { backends, certified }: Configuration,
  certificates: readonly Certificate[],
  published: Generation | undefined,
): { readonly files: readonly File[]; readonly leftOut: readonly Backend[] } {
  const all = render({ backends, certified });
  const pieces = new Map(published?.files.map((piece) => [piece.name, piece]));
  const atMost = new Map(all.map((file) => [file.name, longest(file)]));
  const asNext = new Map([...atMost].map(([name, piece]) => [name, next(piece, pieces.get(name))]));
  const shared = all.map(({ name }) => name).filter((name) => !name.startsWith('50-'));
  const fits = (listed: readonly Backend[], sizes: ReadonlyMap<string, Piece>) => {
    const files = [...shared, ...listed.map(fileName)].flatMap((name) => sizes.get(name) ?? []);
    return printGeneration({ files, certificates }).length === 1;
  };
  if (fits(backends, atMost)) return { files: all, leftOut: [] };

  const listed: Backend[] = [];
  const leftOut: Backend[] = [];
  for (const added of additions(backends, pieces)) {
    const isKept = added.every((backend) => pieces.has(fileName(backend)));
    const isListed = leftOut.length === 0 && fits([...listed, ...added], isKept ? asNext : atMost);
    (isListed ? listed : leftOut).push(...added);
  }
  return { files: render({ backends: listed, certified }), leftOut };
}

const fileName = ({ name }: Backend): string => `50-${name}.cfg`;

/**
 * What each service added in one step: first what is published, then what is new, each by age. Of equal age, a service's new
 * backends go together. What is only remembered comes last.
 */
function additions(
  backends: readonly Backend[],
  published: ReadonlyMap<string, Piece>,
): readonly (readonly Backend[])[] {
  const steps = new Map<string, { readonly rank: number; readonly since: number; readonly added: Backend[] }>();
  for (const backend of backends) {
    const { cluster, service, name, routes } = backend;
    const isPublished = published.has(fileName(backend));
    const rank = routes.length === 0 ? 2 : isPublished ? 0 : 1;
    const since = routes.reduce((oldest, route) => Math.min(oldest, route.since), Number.MAX_SAFE_INTEGER);
    const key = isPublished ? name : `${cluster}/${service} ${since}`;
    const step = steps.get(key) ?? { rank, since, added: [] };
    step.added.push(backend);
    steps.set(key, step);
  }
  return [...steps.values()].sort((a, b) => a.rank - b.rank || a.since - b.since).map(({ added }) => added);
}

/** With a hash and versions that are as long, and compress as badly, as they ever will: a version may have seven digits. */
const longest = ({ name, text }: File): Piece => ({
  name,
  sha256: sha256(name),
  versions: pack(text).map((_, part) => sevenDigits(`${name} ${part}`)),
});

/** As it would be published next: what is published already stays even where its longest form has no room. */
const next = (piece: Piece, known: Piece | undefined): Piece =>
  known?.versions.length === piece.versions.length
    ? { ...known, versions: known.versions.map((version) => version + 1) }
    : piece;

const sevenDigits = (text: string): number =>
  1_000_000 + (Buffer.from(sha256(text), 'base64url').readUInt32BE() % 9_000_000);

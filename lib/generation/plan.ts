import type { Backend } from '../haproxy/backend';
import { type Configuration, type File, render } from '../haproxy/render';
import { type Certificate, type Generation, type Piece, pack, printGeneration, sha256 } from './generation';

/** `refuse` publishes what is certain, if that changed, and then fails the run, because ECS contradicts itself about the rest. */
export type Plan =
  | { readonly action: 'keep'; readonly reason: string }
  | { readonly action: 'publish'; readonly reason: string; readonly changed: readonly File[] }
  | { readonly action: 'refuse'; readonly reason: string; readonly changed?: readonly File[] };

/** `doubts` names services whose losses ECS contradicts; `files` hold them as published. */
type Desired = {
  readonly files: readonly File[];
  readonly certificates: readonly Certificate[];
  readonly doubts: readonly string[];
};

export function plan(published: Generation | undefined, { files, certificates, doubts }: Desired): Plan {
  const known = new Map(published?.files.map((piece) => [piece.name, piece.sha256]));
  const changed = files.filter(({ name, text }) => known.get(name) !== sha256(text));
  const gone = [...known.keys()].filter((name) => !files.some((file) => file.name === name));
  const renewed = JSON.stringify(published?.certificates ?? []) !== JSON.stringify(certificates);
  const reasons = [
    ...changed.map(({ name }) => `${known.has(name) ? 'changed' : 'new'}: ${name}`),
    ...gone.map((name) => `gone: ${name}`),
    ...(renewed ? ['certificates'] : []),
  ];
  const isNew = reasons.length > 0 || published === undefined;

  if (doubts.length > 0) {
    const reason = [...reasons, contradiction(doubts)].join(', ');
    return isNew ? { action: 'refuse', reason, changed } : { action: 'refuse', reason };
  }
  if (!isNew) return { action: 'keep', reason: 'the proxies should run what is already published' };
  return { action: 'publish', reason: reasons.join(', '), changed };
}

export const contradiction = (doubts: readonly string[]): string =>
  `ECS counts more tasks than it describes with an address of their own for ${doubts.join(', ')}, so those that it does not describe stay until its count and its descriptions agree`;

/**
 * Renders as many backends as `haproxy/current` can list, about 120 with usual names. It drops backends that only remember deleted services
 * first, then the youngest, each with all that its service added in the same step. What is published stays while it fits.
 */
export function renderListable(
  configuration: Configuration,
  certificates: readonly Certificate[],
  published: Generation | undefined,
): { readonly files: readonly File[]; readonly leftOut: readonly Backend[] } {
  const { backends } = configuration;
  const all = render(configuration);
  const pieces = new Map(published?.files.map((piece) => [piece.name, piece]));
  const atMost = new Map(all.map((file) => [file.name, longestPiece(file)]));
  const asNext = new Map([...atMost].map(([name, piece]) => [name, nextPiece(piece, pieces.get(name))]));
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
  return { files: render({ ...configuration, backends: listed }), leftOut };
}

const fileName = ({ name }: Backend): string => `50-${name}.cfg`;

/** By the step in which their service added them: published ones first, then by age, then those that only remember. */
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

/** A piece as long, and as hard to compress, as it can become: a version may have seven digits. */
const longestPiece = ({ name, text }: File): Piece => ({
  name,
  sha256: sha256(name),
  versions: pack(text).map((_, part) => sevenDigits(`${name} ${part}`)),
});

/** A published piece stays even if its longest form has no room. */
const nextPiece = (piece: Piece, known: Piece | undefined): Piece =>
  known?.versions.length === piece.versions.length
    ? { ...known, versions: known.versions.map((version) => version + 1) }
    : piece;

const sevenDigits = (text: string): number =>
  1_000_000 + (Buffer.from(sha256(text), 'base64url').readUInt32BE() % 9_000_000);

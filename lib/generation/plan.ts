import type { File } from '../haproxy/render';
import type { Certificate, Generation } from './generation';
import { sha256 } from './generation';

/** What the proxies need, and why. */
export type Plan =
  | { readonly action: 'keep'; readonly reason: string }
  | { readonly action: 'publish'; readonly reason: string; readonly changed: readonly File[] }
  | { readonly action: 'refuse'; readonly reason: string };

/** `doubts` names the services whose losses ECS contradicts; they are kept as published, the rest goes ahead. */
type Desired = {
  readonly files: readonly File[];
  readonly certificates: readonly Certificate[];
  readonly doubts: readonly string[];
};

/** Compares what is published with what should be, by hash: equal text means nothing to do, wherever it came from. */
export function plan(published: Generation | undefined, { files, certificates, doubts }: Desired): Plan {
  const known = new Map(published?.files.map((piece) => [piece.name, piece.sha256]));
  const changed = files.filter(({ name, text }) => known.get(name) !== sha256(text));
  const gone = [...known.keys()].filter((name) => !files.some((file) => file.name === name));
  const renewed = JSON.stringify(published?.certificates ?? []) !== JSON.stringify(certificates);

  if (changed.length + gone.length === 0 && !renewed && published !== undefined) {
    if (doubts.length > 0) return { action: 'refuse', reason: contradiction(doubts) };
    return { action: 'keep', reason: 'the proxies should run what is already published' };
  }
  const parts = [
    ...changed.map(({ name }) => `${known.has(name) ? 'changed' : 'new'}: ${name}`),
    ...gone.map((name) => `gone: ${name}`),
    ...(renewed ? ['certificates'] : []),
    ...(doubts.length > 0 ? [contradiction(doubts)] : []),
  ];
  return { action: 'publish', reason: parts.join(', '), changed };
}

/** Said while a service counts more running tasks than ECS describes. */
const contradiction = (doubts: readonly string[]): string =>
  `ECS describes fewer tasks with an address of their own than it counts for ${doubts.join(', ')}, so those that it does not describe stay until it agrees with itself`;

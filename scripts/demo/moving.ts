import type { Visit } from './visit';

const windowSize = 40;
/** Second choice is a weight of 1 against 100: now and then one is still sent. */
const stray = 2;

/** After how long these tasks were spared: the start of the first 40 requests of which at most 2 reached them. */
export function sparedAfterMs(visits: readonly Visit[], tasks: readonly string[], from: number): number | undefined {
  const later = visits.filter(({ start }) => start >= from).sort((a, b) => a.start - b.start);
  for (let first = 0; first + windowSize <= later.length; first += 1) {
    const window = later.slice(first, first + windowSize);
    if (window.filter(({ task = '' }) => tasks.includes(task)).length <= stray)
      return (later[first]?.start ?? from) - from;
  }
  return undefined;
}

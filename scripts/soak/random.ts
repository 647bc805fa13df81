/** Draws that a seed repeats (mulberry32). */
export type Random = {
  /** From 0 up to, but not including, 1. */
  readonly share: () => number;
  /** A whole number, both ends included. */
  readonly between: (from: number, to: number) => number;
  readonly oneOf: <Item>(items: readonly Item[]) => Item | undefined;
  readonly chance: (share: number) => boolean;
};

export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const share = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (from: number, to: number): number => from + Math.floor(share() * (to - from + 1));
  return {
    share,
    between,
    oneOf: (items) => items[between(0, items.length - 1)],
    chance: (least) => share() < least,
  };
}

/** Draws one of the kinds, as often as its weight says. */
export function drawn<Kind extends string>({ share }: Random, weights: Readonly<Record<Kind, number>>): Kind {
  const all = Object.entries(weights) as [Kind, number][];
  let left = share() * all.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [kind, weight] of all) {
    left -= weight;
    if (left < 0) return kind;
  }
  return all[0]?.[0] as Kind;
}

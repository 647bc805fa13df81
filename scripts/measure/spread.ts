export type Spread = {
  readonly median: number;
  readonly quartiles: readonly [number, number];
  readonly least: number;
  readonly most: number;
};

/** @throws when there is no value. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
    if (below === undefined || above === undefined) throw new Error('there is nothing to take a median of');
    return below + (above - below) * (place % 1);
  };
  return { median: at(0.5), quartiles: [at(0.25), at(0.75)], least: at(0), most: at(1) };
}

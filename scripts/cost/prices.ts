import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One row of prices.json. */
export type Price = {
  readonly item: string;
  /** Dollars for `per` units. */
  readonly usd: number;
  readonly per?: number;
  readonly unit: string;
  /** Units a month that cost an account nothing, whoever in it uses them. */
  readonly free?: number;
  /** A key of `sources`. */
  readonly source: string;
  /** When the price was published, as far as the source tells; else when it was noted. */
  readonly date: string;
};
export type PriceList = {
  readonly dated: string;
  readonly sources: Readonly<Record<string, string>>;
  /** By region; `any` holds what costs the same in all of them. */
  readonly prices: Readonly<Record<string, readonly Price[]>>;
};

/** Sources that are none: whoever reads the bill has to be told. */
export const isUncertain = ({ source }: Pick<Price, 'source'>): boolean => source === 'MEMORY' || source === 'ASSUMED';

export const readPrices = (file = join(__dirname, 'prices.json')): PriceList =>
  JSON.parse(readFileSync(file, 'utf8')) as PriceList;

/** @throws when nobody knows the price, rather than leave a line out. */
export function priceOf({ prices }: PriceList, item: string, region: string): Price {
  const known = [...(prices[region] ?? []), ...(prices.any ?? [])];
  const found = known.find((price) => price.item === item);
  if (found) return found;
  const regions = Object.keys(prices).filter((each) => each !== 'any');
  throw new Error(
    `There is no price of "${item}" in ${region}: add it to scripts/cost/prices.json with its source, ` +
      `or ask for a region that has one (${regions.join(', ')})`,
  );
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One row of prices.json: dollars for `per` units. */
export type Price = {
  readonly item: string;
  readonly usd: number;
  readonly per?: number;
  readonly unit: string;
  /** Units a month that AWS charges no account for. */
  readonly free?: number;
  /** A key of `sources`. */
  readonly source: string;
  /** When the price was published, or else when it was noted. */
  readonly date: string;
};

type PriceList = {
  readonly dated: string;
  readonly sources: Readonly<Record<string, string>>;
  /** By region; `any` holds what costs the same in all of them. */
  readonly prices: Readonly<Record<string, readonly Price[]>>;
};

export const { dated, sources, prices } = JSON.parse(readFileSync(join(__dirname, 'prices.json'), 'utf8')) as PriceList;

/** Prices that no list of that region shows: the report says so. */
export const isEstimate = ({ source }: Pick<Price, 'source'>): boolean => /^(scaled|spot|unsourced)$/.test(source);

/** @throws when the price is unknown: a line that is left out would make the bill too small. */
export function priceOf(item: string, region: string): Price {
  const found = [...(prices[region] ?? []), ...(prices.any ?? [])].find((price) => price.item === item);
  if (found) return found;
  const regions = Object.keys(prices).filter((each) => each !== 'any');
  if (!regions.includes(region))
    throw new Error(
      `scripts/cost/prices.json has no prices of ${region}: add them with their sources, or take` +
        ` --region ${regions.join(' or ')}`,
    );
  const kind = item.split(' ')[0] ?? '';
  const known = prices[region]?.flatMap((price) => (price.item.startsWith(`${kind} t4g`) ? [price.item] : [])) ?? [];
  throw new Error(
    `scripts/cost/prices.json has no price of "${item}" in ${region}: add it with its source, or take one of ${known.join(', ')}`,
  );
}

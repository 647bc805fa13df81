import type { Scenario } from './deployment';
import { type Price, type PriceList, priceOf } from './prices';

/** One thing, and how much of it a month of each scenario uses; a scenario that has no such thing is left out. */
export type Row = {
  readonly what: string;
  /** As in prices.json. */
  readonly item: string;
  readonly quantities: Partial<Readonly<Record<Scenario, number>>>;
};

export type Line = Required<Price> & { readonly what: string; readonly quantity: number; readonly monthly: number };
export type Bill = { readonly scenario: Scenario; readonly lines: readonly Line[]; readonly total: number };

export type Terms = {
  readonly region: string;
  /** False: others in the account have used up whatever is free. */
  readonly freeTier: boolean;
};

/** The bill of one scenario; its total is the sum of its lines and nothing else. */
export function bill(rows: readonly Row[], scenario: Scenario, prices: PriceList, { region, freeTier }: Terms): Bill {
  const lines = rows.flatMap(({ what, item, quantities: { [scenario]: quantity } }): readonly Line[] => {
    if (quantity === undefined) return [];
    const price = priceOf(prices, item, region);
    const { per = 1, free: allowance = 0 } = price;
    const free = freeTier ? allowance : 0;
    const monthly = exact((Math.max(0, quantity - free) * price.usd) / per);
    return [{ ...price, what, quantity, per, free, monthly }];
  });
  return { scenario, lines, total: exact(lines.reduce((sum, { monthly }) => sum + monthly, 0)) };
}

/** To a millionth of a dollar: binary fractions must not show. */
export const exact = (usd: number): number => Math.round(usd * 1e6) / 1e6;

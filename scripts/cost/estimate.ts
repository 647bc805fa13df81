import { type Bill, bill, exact, type Row } from './bill';
import type { Calls } from './calls';
import { scenarios } from './deployment';
import type { Options } from './options';
import { type PriceList, priceOf } from './prices';
import { proxyTypes, type Reach, reach } from './reach';
import { seedRows } from './seed';
import { hours, todayRows } from './today';

export type Estimate = {
  readonly asked: Pick<Options, 'basis' | 'deployment' | 'freeTier'>;
  readonly region: string;
  /** When the prices were gathered, and the calls were counted. */
  readonly dated: string;
  readonly measured: string;
  readonly rows: readonly Row[];
  readonly bills: readonly Bill[];
  /** The totals if others in the account have used up whatever is free; the same order as `bills`. */
  readonly totalsWithoutFreeTier: readonly number[];
  /** Of today. */
  readonly proxySizes: readonly ProxySize[];
  /** The source of each line and size, in full. */
  readonly sources: Readonly<Record<string, string>>;
};

export type ProxySize = Reach & {
  readonly monthly: number;
  /** Both cores busy all month, in dollars on top. */
  readonly mostSurplus: number;
  readonly source: string;
};

export function estimate(options: Options, prices: PriceList, calls: Calls): Estimate {
  const { basis, deployment, freeTier } = options;
  const region = basis === 'seed' ? 'eu-west-2' : deployment.region;
  const rows = (basis === 'seed' ? seedRows : todayRows(deployment, calls)).filter(({ quantities }) =>
    Object.values(quantities).some((quantity) => quantity > 0),
  );
  const billed = (free: boolean) =>
    scenarios.map((scenario) => bill(rows, scenario, prices, { region, freeTier: free }));
  const bills = billed(freeTier);
  const proxySizes = basis === 'seed' ? [] : proxyTypes.map((type) => sized(reach(type, calls), prices, region));
  const used = new Set([...bills.flatMap(({ lines }) => lines), ...proxySizes].map(({ source }) => source));
  return {
    asked: { basis, deployment, freeTier },
    region,
    dated: prices.dated,
    measured: calls.measured,
    rows,
    bills,
    totalsWithoutFreeTier: billed(false).map(({ total }) => total),
    proxySizes,
    sources: Object.fromEntries(Object.entries(prices.sources).filter(([name]) => used.has(name))),
  };
}

function sized(of: Reach, prices: PriceList, region: string): ProxySize {
  const { usd, source } = priceOf(prices, `on-demand ${of.type}`, region);
  const mostSurplus = exact(of.mostSurplusHours * priceOf(prices, 'surplus CPU', region).usd);
  return { ...of, monthly: exact(usd * hours), mostSurplus, source };
}

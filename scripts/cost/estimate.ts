import type { Calls } from './calls';
import { type Options, type Scenario, scenarios } from './options';
import { dated, type Price, priceOf, sources } from './prices';
import { albZones, hours, type Row, seedRows, systemGb, todayRows } from './rows';

const { limits, megabits } = require('../../resources/limits.cjs') as {
  limits: (type: string) => { readonly SLUICE_CONNECTIONS: number };
  megabits: Readonly<Record<Size, number>>;
};

export type Line = Required<Price> & { readonly what: string; readonly quantity: number; readonly monthly: number };
export type Estimate = ReturnType<typeof estimate>;

/** The bills of the three scenarios, and how far each size of proxy reaches today. */
export function estimate({ basis, deployment, freeTier }: Options, calls: Calls) {
  const region = basis === 'seed' ? 'eu-west-2' : deployment.region;
  const rows = (basis === 'seed' ? seedRows : todayRows(deployment, calls)).filter(({ quantities }) =>
    Object.values(quantities).some((quantity) => quantity > 0),
  );
  const billed = (free: boolean) => scenarios.map((scenario) => bill(rows, scenario, region, free));
  const bills = billed(freeTier);
  const proxySizes = basis === 'seed' ? [] : Object.keys(sizes).map((type) => reach(type as Size, calls, region));
  const used = new Set([...bills.flatMap(({ lines }) => lines), ...proxySizes].map(({ source }) => source));
  return {
    asked: { basis, deployment, freeTier },
    region,
    dated,
    measured: calls.measured,
    rows,
    bills,
    /** If others in the account use up AWS's free amounts. In the order of `bills`. */
    totalsWithoutFreeTier: billed(false).map(({ total }) => total),
    proxySizes,
    sources: Object.fromEntries(Object.entries(sources).filter(([name]) => used.has(name))),
  };
}

/**
 * Dollars a month for the entrance alone: the proxies with their addresses and disks, or an ALB with its addresses, before LCUs. The rest
 * of a bill is much the same under both.
 */
export function ownPart({ region, asked: { deployment } }: Pick<Estimate, 'region' | 'asked'>) {
  const { proxies, proxyType } = deployment;
  const of = (item: string, quantity: number) => priceOf(item, region).usd * quantity;
  const address = of('public IPv4', hours);
  const proxy = [of(`on-demand ${proxyType}`, hours), address, of('volume', systemGb)];
  return {
    sluice: exact(proxies * proxy.reduce((sum, each) => sum + each, 0)),
    alb: exact(of('ALB', hours) + albZones * address),
    /** Of one proxy. */
    instance: exact(proxy[0] ?? 0),
    address: exact(address),
    disk: exact(proxy[2] ?? 0),
  };
}

function bill(rows: readonly Row[], scenario: Scenario, region: string, freeTier: boolean) {
  const lines = rows.flatMap(({ what, item, quantities: { [scenario]: quantity } }): readonly Line[] => {
    if (quantity === undefined) return [];
    const price = priceOf(item, region);
    const [per, free] = [price.per ?? 1, freeTier ? (price.free ?? 0) : 0];
    return [{ ...price, what, quantity, per, free, monthly: exact((Math.max(0, quantity - free) * price.usd) / per) }];
  });
  return { scenario, lines, total: exact(lines.reduce((sum, { monthly }) => sum + monthly, 0)) };
}

/** To a millionth of a dollar, so that no binary fraction shows. */
const exact = (usd: number): number => Math.round(usd * 1e6) / 1e6;

/** CPU credits that AWS grants a size in an hour (EC2 user guide, burstable performance instances, table of credits). */
const sizes = { 't4g.nano': 6, 't4g.micro': 12, 't4g.small': 24, 't4g.medium': 24 } as const;
type Size = keyof typeof sizes;
/** Of every size up to medium. */
const cores = 2;
/** A core of a T4g against one of the machine that measured: an assumption. */
const relativeSpeed = 0.5;

function reach(type: Size, { cpu }: Calls, region: string) {
  const [network, creditsAnHour] = [megabits[type], sizes[type]];
  const granted = creditsAnHour / 60;
  // An estimate like this has no more than two digits.
  const requests = (microseconds: number) => Number(((granted * relativeSpeed * 1e6) / microseconds).toPrecision(2));
  const { usd, source } = priceOf(`on-demand ${type}`, region);
  return {
    type,
    source,
    monthly: exact(usd * hours),
    /** Without an end. Bursts go to 5 Gbit/s. */
    sustainedMegabits: network,
    sustainedGbAMonth: Math.round((network / 8 / 1_000) * 3_600 * hours),
    /** As far as CPU goes without an end: on kept connections, and with a handshake each. */
    requestsASecond: { kept: requests(cpu.keptConnection), newTls: requests(cpu.newTlsConnection) },
    /** Both cores busy, after a day without load. */
    minutesAtFullSpeed: Math.round((creditsAnHour * 24) / (cores - granted)),
    /** Open at a time, which its memory limits. */
    connections: limits(type).SLUICE_CONNECTIONS,
    /** Dollars more, if both cores are busy all month. */
    mostSurplus: exact((cores - granted) * hours * priceOf('surplus CPU', region).usd),
  };
}

import { readCalls } from '../../scripts/cost/calls';
import { type Scenario, scenarios } from '../../scripts/cost/deployment';
import { type Estimate, estimate } from '../../scripts/cost/estimate';
import { readOptions } from '../../scripts/cost/options';
import { type PriceList, readPrices } from '../../scripts/cost/prices';

const prices = readPrices();
const calls = readCalls();
const estimated = (...args: string[]): Estimate => estimate(readOptions(args), prices, calls);
const totals = ({ bills }: Estimate) => Object.fromEntries(bills.map(({ scenario, total }) => [scenario, total]));
const total = (of: Estimate, scenario: Scenario): number => totals(of)[scenario] ?? 0;
const line = (of: Estimate, scenario: Scenario, what: string) =>
  of.bills.find((bill) => bill.scenario === scenario)?.lines.find((each) => each.what.startsWith(what));

/** The same list with one price changed. */
const repriced = (item: string, usd: number): PriceList => ({
  ...prices,
  prices: Object.fromEntries(
    Object.entries(prices.prices).map(([region, list]) => [
      region,
      list.map((price) => (price.item === item ? { ...price, usd } : price)),
    ]),
  ),
});

it("reproduces the seed's three totals on the seed's basis", () => {
  expect(totals(estimated('--basis', 'seed'))).toStrictEqual({ 'single box': 9.504, Sluice: 7.548, ALB: 21.2832 });
});

describe.each([['today'], ['seed']])('on the basis "%s"', (basis) => {
  const of = estimated('--basis', basis);

  it('each total is the sum of its lines', () => {
    for (const { lines, total: sum } of of.bills) {
      expect(lines.length).toBeGreaterThan(0);
      expect(sum).toBeCloseTo(
        lines.reduce((added, { monthly }) => added + monthly, 0),
        6,
      );
    }
  });

  it('each line names its source', () => {
    for (const { source } of of.bills.flatMap(({ lines }) => lines)) expect(of.sources).toHaveProperty(source);
  });
});

describe('a changed price', () => {
  it.each<[item: string, by: Partial<Record<Scenario, number>>]>([
    ['on-demand t4g.nano', { Sluice: 730 }],
    ['public IPv4', { 'single box': 730, Sluice: 2 * 730, ALB: 3 * 730 }],
    ['ALB', { ALB: 730 }],
    ['volume', { 'single box': 8, Sluice: 38, ALB: 30 }],
    ['hosted zone', { 'single box': 1, Sluice: 1, ALB: 1 }],
  ])('of %s moves the totals by what is used of it', (item, by) => {
    const [before] = Object.values(prices.prices)
      .flat()
      .filter((price) => price.item === item);
    const changed = estimate(readOptions([]), repriced(item, (before?.usd ?? 0) + 1), calls);

    for (const scenario of scenarios)
      expect(total(changed, scenario) - total(estimated(), scenario)).toBeCloseTo(by[scenario] ?? 0, 4);
  });
});

describe('what is asked for', () => {
  it('counts: another proxy costs its instance, its address, its volume, and the eleventh alarm', () => {
    const more = total(estimated('--proxies', '2'), 'Sluice') - total(estimated(), 'Sluice');

    expect(more).toBeCloseTo(730 * (0.0047 + 0.005) + 8 * 0.0928 + 0.1, 4);
    expect(total(estimated('--proxies', '2'), 'ALB')).toBe(total(estimated(), 'ALB'));
  });

  it('counts: more tasks need more hosts, behind a proxy and behind an ALB alike', () => {
    const [few, many] = [estimated('--tasks', '8'), estimated('--tasks', '9')];
    const difference = (scenario: Scenario) => total(many, scenario) - total(few, scenario);

    expect(difference('Sluice')).toBeCloseTo(730 * (0.0056 + 0.005) + 30 * 0.0928, 4);
    expect(difference('ALB')).toBeCloseTo(difference('Sluice'), 6);
    expect(difference('single box')).toBe(0);
  });

  it('counts: changes make calls, and GB make data, LCUs and crossings of zones', () => {
    const [quiet, busy] = [estimated('--changes', '0'), estimated('--changes', '10000', '--gb-out', '1000')];
    const monthly = (what: string, scenario: Scenario = 'Sluice') => [
      line(quiet, scenario, what)?.monthly,
      line(busy, scenario, what)?.monthly,
    ];

    // 304,167 replaced tasks make 1.9 million requests to the queue, of which one million is free.
    expect(monthly('queue')).toStrictEqual([0, expect.closeTo(0.8, 0)]);
    expect(monthly('data out')).toStrictEqual([0, 81]);
    expect(monthly('its LCUs', 'ALB')).toStrictEqual([0.462, 9.24]);
    expect(monthly('data between')).toStrictEqual([0.55, 11]);
  });

  it('counts: parameters beyond 4 KB', () => {
    expect(line(estimated(), 'Sluice', 'parameters')).toBeUndefined();
    expect(line(estimated('--advanced-parameters', '3'), 'Sluice', 'parameters')?.monthly).toBe(0.15);
  });
});

it('bills the idle polls of the queue when others have used up the free million', () => {
  const [alone, shared] = [estimated(), estimated('--no-free-tier')];

  expect(line(alone, 'Sluice', 'queue')).toMatchObject({ free: 1_000_000, monthly: 0 });
  expect(line(alone, 'Sluice', 'queue')?.quantity).toBeGreaterThan(650_000);
  expect(line(shared, 'Sluice', 'queue')?.monthly).toBeCloseTo(0.34, 2);
  expect(alone.totalsWithoutFreeTier).toStrictEqual(shared.bills.map((bill) => bill.total));
});

it('knows how far each size of proxy carries, the next at twice the price', () => {
  const [nano, micro] = estimated().proxySizes;

  expect(nano).toMatchObject({ type: 't4g.nano', sustainedMegabits: 32, sustainedGbAMonth: 10_512 });
  expect(nano?.minutesAtFullSpeed).toBe(76);
  expect(micro?.monthly).toBeCloseTo(2 * (nano?.monthly ?? 0), 6);
});

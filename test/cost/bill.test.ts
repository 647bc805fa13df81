import { bill, type Row } from '../../scripts/cost/bill';
import { type PriceList, readPrices } from '../../scripts/cost/prices';

const price = { unit: 'hour', source: 'list', date: '2026-11' };
const prices: PriceList = {
  dated: '2026-11',
  sources: { list: 'a list' },
  prices: {
    here: [{ ...price, item: 'engine', usd: 0.01 }],
    any: [{ ...price, item: 'request', usd: 0.5, per: 1_000_000, free: 1_000_000 }],
  },
};
const terms = { region: 'here', freeTier: true };
const rows: readonly Row[] = [
  { what: 'engines', item: 'engine', quantities: { Sluice: 730, ALB: 1_460 } },
  { what: 'requests', item: 'request', quantities: { Sluice: 3_000_000 } },
];

describe('a bill', () => {
  it('prices what its scenario uses, beyond what is free', () => {
    const { lines, total } = bill(rows, 'Sluice', prices, terms);

    expect(lines.map(({ what, monthly }) => [what, monthly])).toStrictEqual([
      ['engines', 7.3],
      ['requests', 1],
    ]);
    expect(total).toBe(8.3);
  });

  it('leaves out what a scenario does not have', () => {
    expect(bill(rows, 'ALB', prices, terms).lines.map(({ what }) => what)).toStrictEqual(['engines']);
    expect(bill(rows, 'single box', prices, terms)).toStrictEqual({ scenario: 'single box', lines: [], total: 0 });
  });

  it('begins with the first unit when others have used up what is free', () => {
    expect(bill(rows, 'Sluice', prices, { ...terms, freeTier: false }).total).toBe(8.8);
  });

  it('is nothing below what is free, not less', () => {
    const few: readonly Row[] = [{ what: 'requests', item: 'request', quantities: { Sluice: 10 } }];

    expect(bill(few, 'Sluice', prices, terms).total).toBe(0);
  });

  it('is not given when a price is not known, and says what to do', () => {
    const unknown: readonly Row[] = [{ what: 'engines', item: 'turbine', quantities: { Sluice: 1 } }];

    expect(() => bill(unknown, 'Sluice', prices, terms)).toThrow(
      'There is no price of "turbine" in here: add it to scripts/cost/prices.json with its source, ' +
        'or ask for a region that has one (here)',
    );
  });
});

describe('prices.json', () => {
  const { sources, prices: byRegion } = readPrices();
  const all = Object.entries(byRegion).flatMap(([region, list]) => list.map((each) => ({ ...each, region })));

  it.each(all)('names unit, source and date of $item in $region', ({ usd, unit, source, date }) => {
    expect(usd).toBeGreaterThan(0);
    expect(unit).not.toBe('');
    expect(sources).toHaveProperty(source);
    expect(date).toMatch(/^20\d\d-\d\d(-\d\d)?$/);
  });

  it('has no price twice', () => {
    const { any = [], ...regions } = byRegion;
    for (const list of Object.values(regions)) {
      const items = [...list, ...any].map(({ item }) => item);
      expect(items).toStrictEqual([...new Set(items)]);
    }
  });

  it('has no source that no price names', () => {
    expect(Object.keys(sources).sort()).toStrictEqual([...new Set(all.map(({ source }) => source))].sort());
  });
});

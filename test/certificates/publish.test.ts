import { untilServed } from '../../lib/certificates/publish';

const timeFor = (isThere: boolean) => ({ hasTimeFor: () => isThere, pause: jest.fn(async () => {}) });
const shop = { name: 'shop', names: ['shop.example', '*.shop.example'], serial: 'B' };

it('looks until every proxy serves the new serial, with a pause between', async () => {
  const run = timeFor(true);
  const serials: Record<string, string[]> = { '192.0.2.1': ['A', 'B', 'B'], '192.0.2.2': ['A', 'A', 'B'] };
  const asked: string[] = [];

  const wrong = await untilServed([shop], [shop], {
    addresses: Object.keys(serials),
    ask: async (address, host) => {
      asked.push(host);
      return serials[address]?.shift() ?? '';
    },
    run,
  });

  expect(wrong).toStrictEqual([]);
  expect(asked).toStrictEqual(Array(6).fill('shop.example'));
  expect(run.pause).toHaveBeenCalledTimes(2);
});

it('asks by a name that only this certificate answers for, and not at all where there is none', async () => {
  const all = [shop, { name: 'apex', names: ['shop.example'], serial: 'C' }];
  const asked: string[] = [];
  const ask = async (_: string, host: string) => {
    asked.push(host);
    return 'B';
  };

  expect(await untilServed(all, all, { addresses: ['192.0.2.1'], ask, run: timeFor(false) })).toStrictEqual([]);
  expect(asked).toStrictEqual(['sluice-asks.shop.example']);
});

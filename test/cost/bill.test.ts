import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { readCalls } from '../../scripts/cost/calls';
import { estimate, ownPart } from '../../scripts/cost/estimate';
import { readOptions } from '../../scripts/cost/options';
import { prices, sources } from '../../scripts/cost/prices';
import { comparison, report } from '../../scripts/cost/report';

const root = join(__dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
/** Options as commander hands them on. */
const given = (args: string) =>
  Object.fromEntries(
    Array.from(args.matchAll(/--(\S+) ?((?!--)[^"\s]+|"[^"]*")?/g), ([, name = '', value]) =>
      name === 'no-free-tier'
        ? ['freeTier', false]
        : [name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()), value?.replaceAll('"', '')],
    ),
  );
const estimated = (args: string) => estimate(readOptions(given(args)), readCalls());
const reported = (args: string, columns?: number) => report(estimated(args), readOptions(given(args)), columns);

// After a change that is right: UPDATE=1 npx jest test/cost/bill, and read the difference.
it('reports what test/cost/bill.txt has', () => {
  const used = '--proxies 2 --tasks 40 --changes 1000 --gb-out 1000 --advanced-parameters 3';
  const texts = [
    reported(used),
    reported(`${used} --no-free-tier --scenario Sluice`, 100),
    reported('--region us-east-1 --host-type t4g.medium --capacity on-demand --scenario ALB', 100),
    reported('--scenario "single box"', 100),
    reported('--basis seed'),
  ];
  const text = `${texts.join('\n\n==========\n\n')}\n`;
  if (process.env.UPDATE) writeFileSync(join(__dirname, 'bill.txt'), text);

  expect(text).toBe(read('test/cost/bill.txt'));
  expect(text.split('\n').filter((line) => line.length > 100)).toStrictEqual([]);
  for (const each of [texts[0], texts[4]])
    expect(each?.split('\n').filter((line) => line.length > 80)).toStrictEqual([]);
});

it('one figure everywhere: the entrance alone, proxies or ALB with addresses and disks', () => {
  expect(ownPart(estimated(''))).toStrictEqual({
    ...{ sluice: 7.8234, alb: 26.6158 },
    ...{ instance: 3.431, address: 3.65, disk: 0.7424 },
  });
  expect(ownPart(estimated('--proxies 2')).sluice).toBe(2 * 7.8234);
});

describe('the documents', () => {
  const [, sluice = '', alb = ''] = estimated('').bills.map(({ total }) => total.toFixed(2));
  const own = ownPart(estimated(''));

  it('docs/costs.md has the table; UPDATE writes it', () => {
    const page = read('docs/costs.md');
    const table = comparison(estimated(''), readOptions({}));
    const right = page.replace(/(?<=^```text\n).*?(?=\n```$)/ms, () => table);
    if (process.env.UPDATE) writeFileSync(join(root, 'docs/costs.md'), right);

    expect(page).toBe(right);
  });

  const amounts = (page: string) => [...read(page).matchAll(/\$(\d+(\.\d+)?)/g)].map(([, amount]) => Number(amount));

  it('docs/costs.md and docs/adopting.md have the other amounts, and README the entrance’s', () => {
    const two = Number(estimated('--proxies 2').bills[1]?.total.toFixed(2));
    const uncertain = /, ([\d.]+) \(Sluice\)/.exec(reported(''))?.[1];
    const saved = [two, Number(alb) - two, Number(alb) - Number(sluice)];
    const seed = estimated('--basis seed').bills.map(({ total }) => total);
    const right = [own.sluice, own.alb, ...saved, Number(uncertain)].map((amount) => Number(amount.toFixed(2)));

    expect(amounts('docs/costs.md')).toStrictEqual([...right, ...seed]);
    expect(right).toStrictEqual(expect.arrayContaining(amounts('docs/adopting.md')));
    const [one, ofTwo] = [own.sluice, 2 * own.sluice].map((amount) => amount.toFixed(1));
    for (const said of [`about $${one} a month`, `about $${own.alb.toFixed(0)}`, `two proxies $${ofTwo} `])
      expect(read('README.md')).toContain(said);
  });

  const lineOfAlb = (what: string) => estimated('').bills[2]?.lines.find((line) => line.what === what)?.monthly ?? 0;
  const beside = lineOfAlb('load balancer') + lineOfAlb('its LCUs') + (2 / 3) * lineOfAlb('public IPv4 addresses');
  const numbers = (args: string, type: string) => {
    const size = estimated('').proxySizes.find((each) => each.type === type);
    const { sustainedMegabits: network, connections, requestsASecond } = size ?? {};
    const total = estimated(args).bills[1]?.total.toFixed(2);
    return [total, network, connections, requestsASecond?.newTls].map(Number);
  };

  it.each<[string, readonly number[]]>([
    ['', numbers('', 't4g.nano')],
    ['`--proxy-type t4g.micro`', numbers('--proxy-type t4g.micro', 't4g.micro')],
    ['`--proxies 2`', numbers('--proxies 2', 't4g.nano')],
    ['`--proxy-type t4g.small`', numbers('--proxy-type t4g.small', 't4g.small')],
    ['an ALB instead', [Number(alb)]],
    ['an ALB beside one proxy', [Number((Number(sluice) + beside).toFixed(2))]],
  ])('docs/way-up.md has the numbers of %j', (name, expected) => {
    const row = read('docs/way-up.md')
      .split('\n')
      .find((line) => line.split('|')[1]?.trim() === name && line.split('|').length > 5);
    const found =
      row
        ?.replaceAll(/`.*?`/g, '')
        .replaceAll(',', '')
        .match(/[\d.]+/g) ?? [];

    expect(found.map(Number)).toStrictEqual(expected);
  });
});

it.each([
  ['--proxies 4', '--proxies 4: must be a whole number, 3 at most'],
  ['--proxies 0', '--proxies 0: must be a number, 1 or more'],
  ['--gb-out much', '--gb-out much: must be a number, 0 or more'],
  ['--hosts 1.5', '--hosts 1.5: must be a whole number'],
  ['--capacity reserved', '--capacity reserved: must be spot or on-demand'],
  [
    '--region eu-north-1',
    'has no prices of eu-north-1: add them with their sources, or take --region eu-west-2 or us-',
  ],
  [
    '--proxy-type t4g.large',
    'no price of "on-demand t4g.large" in eu-west-2: add it with its source, or take one of on-',
  ],
])('refuses %s', (args, fault) => {
  expect(() => reported(args)).toThrow(fault);
});

it('prices.json has a source for each price, no source without one, and no price twice', () => {
  const { any = [], ...regions } = prices;

  const used = [...any, ...Object.values(regions).flat()].map(({ source }) => source);
  expect(Object.keys(sources).sort()).toStrictEqual([...new Set(used)].sort());
  for (const list of Object.values(regions)) {
    const items = [...list, ...any].map(({ item }) => item);
    expect(items).toStrictEqual([...new Set(items)]);
  }
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { readCalls } from '../../scripts/cost/calls';
import { estimate } from '../../scripts/cost/estimate';
import { readOptions } from '../../scripts/cost/options';
import { readPrices } from '../../scripts/cost/prices';
import { report } from '../../scripts/cost/report';

const text = readFileSync(join(__dirname, '../../docs/way-up.md'), 'utf8');
const rows = new Map(
  [...text.matchAll(/^\| (.*?) +\| +([\d.]+) \| (.*?) +\| +(.*?) \| +(.*?) \|$/gm)].map(
    ([, name = '', total, network, open, requests]) => [
      name.replaceAll('`', '').trim(),
      { total, network, open, requests },
    ],
  ),
);
const reported = (args: string): string => {
  const options = readOptions(args.split(' ').filter(Boolean));
  return report(estimate(options, readPrices(), readCalls()), options);
};
const figures = (line: string, report: string): string[] =>
  new RegExp(`^${line} .*`, 'm').exec(report)?.[0].match(/[\d.]+(?= |$)/g) ?? [];

describe('docs/way-up.md', () => {
  it.each(['', '--proxy-type t4g.micro', '--proxies 2', '--proxy-type t4g.small'])('knows the bill of %j', (args) => {
    expect(rows.get(args)?.total).toBe(figures('total', reported(args))[1]);
  });

  it('knows the bill of a load balancer, and of one beside a proxy', () => {
    const [, sluice = '', alb = ''] = figures('total', reported(''));
    const its = reported('--scenario ALB');
    const monthly = (line: string) => Number(new RegExp(`^${line} .* ([\\d.]+) {2}`, 'm').exec(its)?.[1]);
    const zones = 2 / 3;
    const added = monthly('load balancer') + monthly('its LCUs') + zones * monthly('public IPv4 addresses');

    expect(rows.get('an ALB instead')?.total).toBe(alb);
    expect(rows.get('an ALB beside one proxy')?.total).toBe((Number(sluice) + added).toFixed(2));
  });

  it.each([
    ['', 't4g.nano'],
    ['--proxy-type t4g.micro', 't4g.micro'],
    ['--proxy-type t4g.small', 't4g.small'],
  ])('knows how far %j carries', (args, type) => {
    const line = new RegExp(`^${type} .*`, 'm').exec(reported(''))?.[0] ?? '';

    expect(line).toMatch(new RegExp(` ${rows.get(args)?.network} `));
    expect(line).toMatch(new RegExp(`,?\\d+ +${rows.get(args)?.requests} +${rows.get(args)?.open} +\\d+ min`));
  });
});

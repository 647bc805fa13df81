import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { readCalls } from '../../scripts/cost/calls';
import { estimate } from '../../scripts/cost/estimate';
import { readOptions } from '../../scripts/cost/options';
import { readPrices } from '../../scripts/cost/prices';
import { comparison, report } from '../../scripts/cost/report';
import { table } from '../../scripts/table';

const root = join(__dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const reported = (...args: string[]): string => {
  const options = readOptions(args);
  return report(estimate(options, readPrices(), readCalls()), options);
};

it.each([
  [''],
  ['--basis seed'],
  ['--scenario Sluice'],
  ['--scenario Sluice --no-free-tier --proxies 3'],
  ['--region us-east-1 --tasks 100 --capacity on-demand --host-type t4g.medium --gb-out 20000'],
])('fits 100 columns: %s', (args) => {
  const tooWide = reported(...args.split(' ').filter(Boolean))
    .split('\n')
    .filter((line) => line.length > 100);

  expect(tooWide).toStrictEqual([]);
});

it('says which prices have no good source', () => {
  const text = reported();

  expect(text).toMatch(/^proxies, 1 t4g\.nano .* MEMORY$/m);
  expect(text).toMatch(/^MEMORY: no source was found/m);
  expect(text).toContain('rest on MEMORY or on what is ASSUMED');
});

it('shows less than a cent as such, and what is free as free', () => {
  expect(reported('--no-free-tier')).toMatch(/^functions: requests +- +<0\.01 +-/m);
  expect(reported()).toMatch(/^functions: requests +- +free +-/m);
});

it('is what README shows', () => {
  const options = readOptions([]);
  const [, shown] = /## What it costs\n.*?```text\n(.*?)\n```/s.exec(read('README.md')) ?? [];

  expect(shown).toBe(comparison(estimate(options, readPrices(), readCalls()), options));
});

it('names the connections that each size is given', () => {
  expect(reported()).toMatch(/^t4g\.nano .* 400 +\d+ min/m);
  expect(reported()).toMatch(/^t4g\.micro .* 1,360 +\d+ min/m);
});

it('aligns words to the left and numbers to the right', () => {
  const rows = [
    ['', 'a', 'b'],
    ['long words', '1', '-'],
    ['short', '1,000', '22'],
  ];

  expect(table(rows, [['all', '1,001']], [0])).toBe(
    [
      '                a   b',
      '---------------------',
      'long words      1   -',
      'short       1,000  22',
      '---------------------',
      'all         1,001',
    ].join('\n'),
  );
});

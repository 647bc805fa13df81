import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Estimate } from '../../scripts/cost/estimate';
import { standard } from '../../scripts/cost/options';
import { priceOfMonth } from '../../scripts/sluice/price';
import { sluice } from './console';

const folder = mkdtempSync(join(tmpdir(), 'sluice-cost-'));
beforeAll(() => {
  process.env.SLUICE_SETTINGS = join(folder, 'settings.yml');
});
afterAll(() => {
  delete process.env.SLUICE_SETTINGS;
  rmSync(folder, { recursive: true });
});

async function estimated(...args: string[]): Promise<Estimate> {
  const { code, output, complaints } = await sluice(['cost', '--json', ...args]);
  if (code !== 0) throw new Error(complaints);
  return JSON.parse(output) as Estimate;
}

const monthly = ({ bills }: Estimate, what: string) =>
  bills[1]?.lines.find((line) => line.what.startsWith(what))?.quantity ?? 0;

it('without settings calculates the defaults, and says so', async () => {
  const { code, output } = await sluice(['cost']);

  expect(code).toBe(0);
  expect(output.replace(/\s+/g, ' ')).toContain('in eu-west-2, for the defaults, because there is no ');
  expect(output.split('\n').filter((line) => line.length > 80)).toStrictEqual([]);
});

it('the price of a month in one sentence: of what is known, where a region or a type is not', () => {
  expect(priceOfMonth({ ...standard, region: 'us-west-2', proxyType: 't4g.large' })).toMatch(
    /^scripts\/cost\/prices\.json has no prices of us-west-2\. With t4g\.nano and t4g\.small: About \$19\.44 a month/,
  );
});

describe('with settings', () => {
  const needed = { domain: 'example.com', hostedZoneId: 'Z0SLUICETEST' };
  const joined = { vpcId: 'vpc-12345678', publicSubnetIds: ['subnet-12345678'], clusters: ['default'] };
  beforeAll(() =>
    writeFileSync(
      join(folder, 'settings.yml'),
      JSON.stringify({
        default: { ...needed, region: 'us-east-1', proxies: 2, proxyInstanceType: 't4g.micro' },
        beside: { ...joined, region: 'eu-west-2' },
        dev: {},
        big: { taskCapacity: 'on-demand', taskInstanceTypes: ['t4g.medium'], alb: true, albPercent: 50, dns: 'apex' },
        wrong: { proxies: 7 },
        far: { region: 'eu-north-1' },
      }),
    ),
  );

  it('calculates those of the stage', async () => {
    const dev = await estimated();
    const big = await estimated('--stage', 'big');
    const beside = await estimated('--stage', 'beside');

    expect(dev.asked.deployment).toMatchObject({ region: 'us-east-1', proxies: 2, proxyType: 't4g.micro', hosts: 1 });
    expect(big.asked.deployment).toMatchObject({ hostType: 't4g.medium', capacity: 'on-demand' });
    expect(['load balancer', 'its LCUs', 'public IPv4'].map((what) => monthly(big, what))).toStrictEqual([
      730,
      27.5,
      5 * 730,
    ]);
    expect(['task hosts', 'health checks', 'public IPv4'].map((what) => monthly(beside, what))).toStrictEqual([
      0,
      0,
      2 * 730,
    ]);
  });

  it('lets options outrank them', async () => {
    const { asked, region } = await estimated('--proxies', '1', '--hosts', '3', '--region', 'eu-west-2');

    expect(asked.deployment).toMatchObject({ proxies: 1, hosts: 3, proxyType: 't4g.micro' });
    expect(region).toBe('eu-west-2');
  });

  it.each([
    [['--stage', 'wrong'], /^sluice: Correct these settings in .*\n +proxies: 7 is not a whole number from 1 to 3\n$/],
    [
      ['--stage', 'far'],
      /^sluice: scripts\/cost\/prices\.json has no prices of eu-north-1: .*--region eu-west-2 or us-/,
    ],
    [['--proxies', '4'], /^sluice: --proxies 4: must be a whole number, 3 at most\n$/],
  ])('%j ends with one sentence', async (args, says) => {
    const { code, output, complaints } = await sluice(['cost', ...args]);

    expect([code, output]).toStrictEqual([2, '']);
    expect(complaints).toMatch(says);
  });
});

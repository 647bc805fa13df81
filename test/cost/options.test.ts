import { defaults } from '../../scripts/cost/deployment';
import { readOptions, usage } from '../../scripts/cost/options';

describe('readOptions', () => {
  it('has a default for everything', () => {
    expect(readOptions([])).toStrictEqual({
      deployment: defaults,
      basis: 'today',
      freeTier: true,
      json: false,
      measure: false,
    });
  });

  it('reads a deployment', () => {
    const args = '--region us-east-1 --proxies 2 --tasks 40 --changes 12.5 --gb-out 800 --scenario ALB --no-free-tier';

    expect(readOptions(args.split(' '))).toMatchObject({
      deployment: { region: 'us-east-1', proxies: 2, tasks: 40, hosts: 5, changesADay: 12.5, gbOut: 800 },
      scenario: 'ALB',
      freeTier: false,
    });
  });

  it.each([
    [['--proxies', '4'], '--proxies 4: must be a whole number, 3 at most'],
    [['--proxies', '0'], '--proxies 0: must be a number, 1 or more'],
    [['--gb-out', 'much'], '--gb-out much: must be a number, 0 or more'],
    [['--hosts', '1.5'], '--hosts 1.5: must be a whole number'],
    [['--capacity', 'reserved'], '--capacity reserved: must be spot or on-demand'],
    [['--scenario', 'nlb'], '--scenario nlb: must be single box, Sluice or ALB'],
    [['--cheap'], "Unknown option '--cheap'"],
  ])('refuses %j', (args, fault) => {
    expect(() => readOptions(args)).toThrow(fault);
  });

  it('explains every option', () => {
    const named = Array.from(usage.matchAll(/^ {2}(--[a-z-]+)/gm), ([, name = '']) => name);

    expect(named).toHaveLength(16);
    for (const name of named) expect(() => readOptions([name, '1'])).not.toThrow('Unknown option');
  });
});

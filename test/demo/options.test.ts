import { readOptions } from '../../scripts/demo/options';

describe('readOptions', () => {
  it.each([
    [[], { once: false }],
    [['--once'], { once: true }],
    [['--once', '--json', 'out.json'], { once: true, json: 'out.json' }],
  ])('reads %j', (args, options) => {
    expect(readOptions(args)).toStrictEqual(options);
  });

  it.each([
    [['--twice'], "Unknown option '--twice'"],
    [['out.json'], "Unexpected argument 'out.json'"],
    [['--json'], "Option '--json <value>' argument missing"],
    [['--json='], '--json needs the name of a file'],
  ])('refuses %j', (args, fault) => {
    expect(() => readOptions(args)).toThrow(fault);
  });
});

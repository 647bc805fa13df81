import fc from 'fast-check';

import { change, leftovers, removable, type WantedServer } from '../../../lib/sync/haproxy/change';
import type { RunningServer } from '../../../lib/sync/haproxy/replies';

const wanted = (name: string, more: Partial<WantedServer> = {}): WantedServer => ({
  backend: 'web',
  name,
  address: '10.0.1.7',
  port: 32768,
  options: 'check inter 1s',
  ...more,
});

const running = (name: string, more: Partial<RunningServer> = {}): RunningServer => ({
  ...wanted(name),
  maintenance: false,
  up: true,
  weight: 100,
  admitted: true,
  unchangedSeconds: 0,
  line: '',
  ...more,
});

const left = { maintenance: true, up: false, admitted: false };
const nobody = new Map();

describe('the last servers of a backend', () => {
  const newcomer = wanted('new', { port: 40000 });
  const lasts = (...args: Parameters<typeof change>) => [...change(...args).last.values()].flat(2);

  it('leave after the newcomers have come, for nobody else could answer', () => {
    expect(change([running('a')], [newcomer])).toMatchObject({ leaving: [], arriving: [expect.anything()] });
    expect(lasts([running('a')], [newcomer])).toStrictEqual(['set server web/a state maint']);
  });

  it.each([
    ['somebody stays', [running('a'), running('b', { port: 5 })], [newcomer, wanted('b', { port: 5 })]],
    ['nobody comes', [running('a')], []],
    ['they are down themselves', [running('a', { up: false })], [newcomer]],
    ['a newcomer has their port', [running('a')], [wanted('new')]],
    ['they come back elsewhere', [running('a')], [wanted('a', { port: 40000 })]],
    ['the newcomers are for another backend', [running('a')], [{ ...newcomer, backend: 'other' }]],
  ])('leave at once when %s', (_, runs, wants) => {
    expect(lasts(runs, wants)).toStrictEqual([]);
    expect(change(runs, wants).leaving).toContainEqual(['set server web/a state maint']);
  });

  it('do not count somebody who stays but is down', () => {
    const down = running('b', { port: 5, up: false });

    expect(lasts([running('a'), down], [newcomer, wanted('b', { port: 5 })])).toHaveLength(1);
  });
});

describe('change', () => {
  it('finds nothing to do where everything runs as wanted', () => {
    expect(change([running('a')], [wanted('a')])).toStrictEqual({ leaving: [], arriving: [], last: nobody });
  });

  it('puts a server that is not wanted into maintenance, for drain still serves sticky clients', () => {
    expect(change([running('a')], [])).toStrictEqual({
      leaving: [['set server web/a state maint']],
      arriving: [],
      last: nobody,
    });
  });

  it('adds a server without weight, and gives it weight only when it waits for its first check', () => {
    const [commands] = change([], [wanted('a')]).arriving;

    expect(commands).toStrictEqual([
      expect.stringMatching(/^add server web\/a 10\.0\.1\.7:32768 weight 0 check .*/),
      'enable health web/a',
      'set server web/a state ready',
      'set server web/a health down',
      'set server web/a weight 100',
    ]);
  });

  it('gives a server of second choice another weight, and nothing else', () => {
    expect(change([running('a')], [wanted('a', { second: true })]).arriving).toStrictEqual([
      ['set server web/a weight 1'],
    ]);
    expect(change([running('a', { weight: 1 })], [wanted('a')]).arriving).toStrictEqual([
      ['set server web/a weight 100'],
    ]);
  });

  it.each([
    ['half added', { admitted: false, maintenance: true }],
    ['without weight', { admitted: false }],
  ])('admits a wanted server that is %s anew, without adding it', (_, state) => {
    const { arriving } = change([running('a', state)], [wanted('a')]);

    expect(arriving.map(([first]) => first)).toStrictEqual(['set server web/a weight 0']);
    expect(arriving[0]?.at(-1)).toBe('set server web/a weight 100');
  });

  it('lets a server that moved leave, and come back at its new address', () => {
    const { leaving, arriving } = change([running('a')], [wanted('a', { port: 40000 })]);

    expect(leaving).toStrictEqual([['set server web/a state maint']]);
    expect(arriving[0]?.slice(0, 2)).toStrictEqual(['del server web/a', expect.stringContaining('10.0.1.7:40000')]);
  });

  it('gives an address that two tasks claim to the newer, in one step', () => {
    const { leaving, arriving } = change([running('old')], [wanted('new')]);

    expect([leaving.length, arriving.length]).toStrictEqual([1, 1]);
  });

  it('leaves alone what left before', () => {
    expect(change([running('a', left)], [])).toStrictEqual({ leaving: [], arriving: [], last: nobody });
  });

  it('ends where it should from any state, and finds nothing to do then', () => {
    fc.assert(
      fc.property(fc.array(server(), { maxLength: 6 }), fc.array(server(), { maxLength: 6 }), (before, after) => {
        const runs = unique(before).map(({ server, state }) => ({ ...running(server.name), ...server, ...state }));
        const wants = unique(after).map(({ server }) => server);
        const { leaving, arriving, last } = change(runs, wants);

        const end = played(runs, [...leaving, ...arriving, ...[...last.values()].flat()].flat());

        expect(change(end, wants)).toStrictEqual({ leaving: [], arriving: [], last: nobody });
      }),
    );
  });
});

describe('removal', () => {
  const old = running('a', { ...left, unchangedSeconds: 60 });

  it('takes a server that is idle, unwanted and was quiet for long enough', () => {
    expect(removable([old], [], new Set(['web/a']), 60)).toStrictEqual([['del server web/a']]);
  });

  it.each([
    ['left a moment ago', [{ ...old, unchangedSeconds: 59 }], [], ['web/a']],
    ['still has connections', [old], [], []],
    ['is wanted again', [old], [wanted('a')], ['web/a']],
    ['is not in maintenance', [{ ...old, maintenance: false }], [], ['web/a']],
  ])('spares one that %s', (_, runs, wants, idle) => {
    expect(removable(runs, wants, new Set(idle), 60)).toStrictEqual([]);
  });

  it('counts as leftovers what it would look at', () => {
    expect(leftovers([old, running('b')], [], 60)).toStrictEqual([old]);
  });
});

type Drawn = {
  readonly server: WantedServer;
  readonly state: { readonly admitted: boolean; readonly maintenance: boolean };
};

const server = (): fc.Arbitrary<Drawn> =>
  fc.record({
    server: fc
      .record({
        name: fc.constantFrom('a', 'b', 'c'),
        backend: fc.constantFrom('web', 'api'),
        port: fc.integer({ min: 1, max: 3 }),
        second: fc.boolean(),
      })
      .map(({ second, ...drawn }) => wanted(drawn.name, second ? { ...drawn, second } : drawn)),
    state: fc.constantFrom(
      { admitted: true, maintenance: false },
      { admitted: false, maintenance: false },
      { admitted: false, maintenance: true },
    ),
  });

const unique = (drawn: readonly Drawn[]): readonly Drawn[] => [
  ...new Map(drawn.map((one) => [`${one.server.backend}/${one.server.name}`, one])).values(),
];

/** HAProxy's rules, as far as they matter here. */
function played(runs: readonly RunningServer[], commands: readonly string[]): readonly RunningServer[] {
  const servers = new Map(runs.map((one) => [`${one.backend}/${one.name}`, one]));
  for (const command of commands) {
    const [, id = '', address = ''] = /(\w+\/\w+)(?: (\S+))?/.exec(command) ?? [];
    const [backend = '', name = ''] = id.split('/');
    const known = servers.get(id);
    if (command.startsWith('add server')) {
      expect(known).toBeUndefined();
      const [host = '', port] = address.split(':');
      servers.set(
        id,
        running(name, { backend, address: host, port: Number(port), admitted: false, maintenance: true }),
      );
    } else if (command.startsWith('del server')) {
      expect(known?.maintenance).toBe(true);
      servers.delete(id);
    } else if (known && command.endsWith('maint')) servers.set(id, { ...known, maintenance: true, admitted: false });
    else if (known && command.endsWith('ready')) servers.set(id, { ...known, maintenance: false });
    else if (known && / weight \d+$/.test(command)) {
      const weight = Number(command.split(' ').at(-1));
      servers.set(id, { ...known, weight, admitted: weight > 0 && !known.maintenance });
    }
  }
  return [...servers.values()];
}

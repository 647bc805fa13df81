import type { WantedServer } from '../../lib/haproxy/backend';
import { change, leftovers, parts, removable, stateFile } from '../../lib/sync/change';
import { parseServersState, type RunningServer } from '../../lib/sync/replies';
import { running, wanted } from './builders';

const left = { maintenance: true, up: false, admitted: false };
const nothing = { leaving: [], arriving: [], last: new Map() };
const maint = ['set server web/a state maint'];

describe('the last servers of a backend', () => {
  const newcomer = wanted('new', { port: 40000 });
  const other = { port: 5 };
  it.each([
    ['are the only ones', [running('a')], [newcomer]],
    ['are the only ones up', [running('a'), running('b', { ...other, up: false })], [newcomer, wanted('b', other)]],
  ])('leave after the newcomers have come when they %s, for no other could answer', (_, runs, wants) => {
    expect(change(runs, wants)).toMatchObject({ leaving: [], last: new Map([['web', [maint]]]) });
  });

  it.each([
    ['another stays', [running('a'), running('b', other)], [newcomer, wanted('b', other)]],
    ['there is no newcomer', [running('a')], []],
    ['they are down themselves', [running('a', { up: false })], [newcomer]],
    ['a newcomer has their port', [running('a')], [wanted('new')]],
    ['they come back elsewhere', [running('a')], [wanted('a', { port: 40000 })]],
    ['the newcomers are for another backend', [running('a')], [{ ...newcomer, backend: 'other' }]],
  ])('leave at once when %s', (_, runs, wants) => {
    const { leaving, last } = change(runs, wants);
    expect(last.size).toBe(0);
    expect(leaving).toContainEqual(maint);
  });
});

describe('change', () => {
  const admission = (weight: number) => [
    'set server web/a weight 0',
    'enable health web/a',
    'set server web/a state ready',
    'set server web/a health down',
    `set server web/a weight ${weight}`,
  ];
  const weighs = (weight: number) => ({ arriving: [[`set server web/a weight ${weight}`]] });
  const add = (port: number) => `add server web/a 10.0.1.7:${port} weight 0 check`;

  const [a, w] = [running('a'), wanted('a')];
  const [afresh, halfAdded] = [[add(1), ...admission(100)], [admission(100)]];
  const instead = { leaving: [['set server web/old state maint']], arriving: [afresh] };
  const moved = { leaving: [maint], arriving: [['del server web/a', add(40000), ...admission(100)]] };
  const back = { arriving: moved.arriving };
  it.each<[string, RunningServer[], WantedServer[], object]>([
    ['nothing where everything runs as wanted', [a], [w], {}],
    ['nothing for a server that left before', [running('a', left)], [], {}],
    ['maint for one that is not wanted, for drain still serves sticky clients', [a], [], { leaving: [maint] }],
    ['a server without weight, which it gets when it waits for its first check', [], [w], { arriving: [afresh] }],
    ['only the weight of one that became second choice', [a], [wanted('a', { second: true })], weighs(1)],
    ['only the weight of one that no longer is', [running('a', { weight: 1 })], [w], weighs(100)],
    ['no second add for one half added', [running('a', { admitted: false })], [w], { arriving: halfAdded }],
    ['nor for one that is in maintenance', [running('a', { ...left, up: true })], [w], { arriving: halfAdded }],
    ['leaving, and coming back at its new address, for one that moved', [a], [wanted('a', { port: 40000 })], moved],
    [
      'no second leaving for one that moved and left before',
      [running('a', left)],
      [wanted('a', { port: 40000 })],
      back,
    ],
    ['law 6: the newer in place of the older at an address that two tasks claim', [running('old')], [w], instead],
  ])('asks for %s', (_, runs, wants, expected) => {
    expect(change(runs, wants)).toStrictEqual({ ...nothing, ...expected });
  });
});

describe('the parts of a sequence', () => {
  const [ready, down] = ['set server web/a state ready', 'set server web/a health down'];
  const admitted = ['set server web/a weight 0', 'enable health web/a', ready, down];
  const weighed = ['set server web/a weight 100'];
  const fresh = wanted('a', { port: 40000 });
  it.each<[string, RunningServer[], string[][]]>([
    ['a new server', [], [['add server web/a 10.0.1.7:40000 weight 0 check', ...admitted], weighed]],
    ['one half added', [running('a', { port: 40000, admitted: false })], [admitted, weighed]],
    [
      'one that moved',
      [running('a', left)],
      [['del server web/a'], ['add server web/a 10.0.1.7:40000 weight 0 check', ...admitted], weighed],
    ],
    ['another weight', [running('a', { port: 40000, weight: 1 })], [weighed]],
  ])('let no check come between, and give weight last: %s', (_, runs, expected) => {
    expect(change(runs, [fresh]).arriving.flatMap(parts)).toStrictEqual(expected);
  });
});

describe('removal', () => {
  const old = running('a', { ...left, unchangedSeconds: 60 });

  it.each<[string, RunningServer, WantedServer[], string[], string[][]]>([
    ['takes one that is idle, unwanted and was quiet long enough', old, [], ['web/a'], [['del server web/a']]],
    ['spares one that left a moment ago', { ...old, unchangedSeconds: 59 }, [], ['web/a'], []],
    ['spares one that still has connections', old, [], [], []],
    ['spares one that is wanted again', old, [wanted('a')], ['web/a'], []],
    ['spares one that is not in maintenance', { ...old, maintenance: false }, [], ['web/a'], []],
  ])('%s', (_, runs, wants, idle, expected) => {
    expect(removable([runs], wants, new Set(idle), 60)).toStrictEqual(expected);
  });

  it('looks only where there are leftovers', () => {
    expect(leftovers([old, running('b')], [], 60)).toStrictEqual([old]);
  });
});

describe('the state file for a reload', () => {
  const header =
    '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change ' +
    'srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port';
  const line = (port = 1) => `5 web 3 a 10.0.1.7 2 0 1 1 7 6 3 4 6 0 0 0 - ${port} - 0 0 - - 0`;
  const newcomer = '1 web 1 a 10.0.1.7 0 0 100 100 0 1 0 0 6 0 0 0 - 1 - 0 0 - - 0';

  it.each([
    ['carries over a server that stays', [line()], [wanted('a')], [line()]],
    ['forgets a server that is not wanted', [line()], [], []],
    ['lets a new server start DOWN, never checked', [], [wanted('a')], [newcomer]],
    ['does so with one at another port, for HAProxy would believe the file', [line(2)], [wanted('a')], [newcomer]],
    ['does so with one in maintenance', [line().replace(' 2 0 1 1 7', ' 0 1 1 1 7')], [wanted('a')], [newcomer]],
  ])('%s', (_, runs, wants, expected) => {
    const text = stateFile(parseServersState(['1', header, ...runs].join('\n')), wants);
    // HAProxy calls a file without its version or its last newline corrupted.
    expect(text).toMatch(/^1\n# be_id be_name .*\n/);
    expect(text.split('\n').slice(2)).toStrictEqual([...expected, '']);
  });
});

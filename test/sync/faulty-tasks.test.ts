import { doubtful, downServers } from '../../lib/sync/faulty-tasks';
import { table } from '../../lib/sync/replies';
import { running, wanted } from './builders';

const server = (name: string) => running(name, { up: false });
/** `show stat`, with the columns that count. */
const stat = (...rows: readonly string[]) =>
  table(['# pxname,svname,status,check_status,check_code,last_chk,lastchg', ...rows, ''].join('\n'), ',');

it.each([
  ['a,DOWN,L4TOUT,,', 'L4TOUT'],
  ['a,DOWN 1/2,* L4CON,,"Connection refused, by 10.0.1.7"', 'L4CON'],
  ['a,DOWN,L7STS,503,Service Unavailable', 'L7STS/503'],
  ['a,DOWN,* L7STS,0,', 'L7STS'],
  ['a,DOWN,L6RSP,,,2', 'L6RSP'],
  ['a,DOWN,SOCKERR,,,2', 'SOCKERR'],
  ['a,DOWN,* SOCKERR,,,2', 'SOCKERR'],
  ['a,DOWN,INI,,,5', 'INI'],
  ['a,DOWN 1/2,* INI,,,3600', 'INI'],
])('names a server that fails its check: %s', (row, check) => {
  const servers = [{ backend: 'web', name: 'a', at: '10.0.1.7:1', check }];
  expect(downServers(stat(`web,${row}`), [server('a')])).toStrictEqual({ count: 1, servers });
});

it.each([
  ['is up', 'a,UP,L7OK,200,OK'],
  ['goes down, but serves on', 'a,UP 1/2,L4CON,,'],
  ['was not checked yet', 'a,DOWN,INI,,,4'],
  ['was not checked yet, and is being checked', 'a,DOWN,* INI,,,0'],
  ['comes back', 'a,DOWN 1/2,L7OK,200,OK'],
  ['is in maintenance', 'a,MAINT,L4CON,,'],
  ['is a whole backend', 'BACKEND,DOWN,,,'],
  ['left meanwhile', 'gone,DOWN,L4CON,,'],
])('does not name one that %s', (_, row) => {
  expect(downServers(stat(`web,${row}`), [server('a')])).toBeUndefined();
});

it('counts all, and names a few', () => {
  const names = Array.from({ length: 200 }, (_, index) => `task-${index}`);
  const down = downServers(stat(...names.map((name) => `web,${name},DOWN,L4CON,,`)), names.map(server));
  expect(down).toMatchObject({ count: 200, servers: names.slice(0, 5).map((name) => ({ name })) });
  expect(JSON.stringify(down).length).toBeLessThan(1_000);
});

describe('show stat is read for the services', () => {
  const key = 'web/a 10.0.1.7:1';
  const grpc = wanted('a', { options: 'check proto h2' });
  it.each([
    ['with a task that is down', [running('a', { up: false })], [wanted('a')], { [key]: 'HTTP/1.1' }, ['web']],
    ['with a task that was not heard yet', [running('a')], [wanted('a')], {}, ['web']],
    ['with a task that speaks otherwise', [running('a')], [wanted('a')], { [key]: 'TLS' }, ['web']],
    ['with a task that speaks otherwise than its label says', [running('a')], [grpc], { [key]: 'HTTP/1.1' }, ['web']],
    ['but not where all is well', [running('a')], [wanted('a')], { [key]: 'HTTP/1.1' }, []],
    ['nor for one that left', [running('a', { up: false, maintenance: true })], [], {}, []],
  ])('%s', (_, runs, wants, heard, backends) => {
    expect(doubtful(runs, wants, heard, false)).toStrictEqual(backends);
  });

  it('with a task that is silent only when no server changes, because a tick has time', () => {
    const look = (isQuiet: boolean) => doubtful([running('a')], [wanted('a')], { [key]: 'silent' }, isQuiet);
    expect([look(false), look(true)]).toStrictEqual([[], ['web']]);
  });
});

import { downServers } from '../../lib/sync/faulty-tasks';
import { running } from './builders';

const server = (name: string) => running(name, { up: false });
/** `show stat`, with the columns that count. */
const stat = (...rows: readonly string[]) =>
  ['# pxname,svname,status,check_status,check_code,last_chk,lastchg', ...rows, ''].join('\n');

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

import { downServers } from '../../../lib/sync/haproxy/down';
import type { RunningServer } from '../../../lib/sync/haproxy/replies';

const server = (name: string): RunningServer => ({
  backend: 'demo.shop',
  name,
  address: '10.0.1.7',
  port: 32768,
  maintenance: false,
  up: false,
  weight: 1,
  admitted: true,
  unchangedSeconds: 9,
  line: '',
});

/** `show stat`, with the columns that count. */
const stat = (...rows: readonly string[]) =>
  ['# pxname,svname,status,check_status,check_code,last_chk,lastchg', ...rows, ''].join('\n');

it.each([
  ['demo.shop,a,DOWN,L4TOUT,,', 'L4TOUT'],
  ['demo.shop,a,DOWN 1/2,* L4CON,,"Connection refused, by 10.0.1.7"', 'L4CON'],
  ['demo.shop,a,DOWN,L7STS,503,Service Unavailable', 'L7STS/503'],
  ['demo.shop,a,DOWN,* L7STS,0,', 'L7STS'],
  ['demo.shop,a,DOWN,L6RSP,,,2', 'L6RSP'],
  ['demo.shop,a,DOWN,SOCKERR,,,2', 'SOCKERR'],
  ['demo.shop,a,DOWN,* SOCKERR,,,2', 'SOCKERR'],
  ['demo.shop,a,DOWN,INI,,,5', 'INI'],
  ['demo.shop,a,DOWN 1/2,* INI,,,3600', 'INI'],
])('names a server that fails its check: %s', (row, check) => {
  expect(downServers(stat(row), [server('a')])).toStrictEqual({
    count: 1,
    servers: [{ backend: 'demo.shop', name: 'a', at: '10.0.1.7:32768', check }],
  });
});

it.each([
  ['is up', 'demo.shop,a,UP,L7OK,200,OK'],
  ['goes down, but serves on', 'demo.shop,a,UP 1/2,L4CON,,'],
  ['was not checked yet', 'demo.shop,a,DOWN,INI,,,4'],
  ['was not checked yet, and is being checked', 'demo.shop,a,DOWN,* INI,,,0'],
  ['comes back', 'demo.shop,a,DOWN 1/2,L7OK,200,OK'],
  ['is in maintenance', 'demo.shop,a,MAINT,L4CON,,'],
  ['is a whole backend', 'demo.shop,BACKEND,DOWN,,,'],
  ['left meanwhile', 'demo.shop,gone,DOWN,L4CON,,'],
])('says nothing of one that %s', (_, row) => {
  expect(downServers(stat(row), [server('a')])).toBeUndefined();
});

it('law 18: does not take an empty answer for nobody', () => {
  expect(() => downServers('', [server('a')])).toThrow('did not answer with the table');
});

it('counts all, and names a few', () => {
  const names = Array.from({ length: 200 }, (_, index) => `task-${index}`);

  const down = downServers(stat(...names.map((name) => `demo.shop,${name},DOWN,L4CON,,`)), names.map(server));

  expect(down).toMatchObject({ count: 200, servers: names.slice(0, 5).map((name) => ({ name })) });
  expect(JSON.stringify(down).length).toBeLessThan(1_000);
});

import {
  accepted,
  acceptedTogether,
  idleServers,
  parseProcesses,
  parseServersState,
  table,
} from '../../lib/sync/replies';

it('another answer than the processes to "show proc" is an error, such as none', () => {
  expect(() => parseProcesses('')).toThrow('did not answer "show proc"');
});

describe('show servers state', () => {
  const header =
    '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change ' +
    'srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port';

  it.each([
    ['up', '2 0 1 1 7 6 3 4 6', { up: true, weight: 1, admitted: true, maintenance: false }],
    ['being checked', '0 0 1 0 7 1 0 0 7', { up: false, weight: 1, admitted: true, maintenance: false }],
    ['just added', '0 1 0 0 7 1 0 0 2', { up: false, weight: 0, admitted: false, maintenance: true }],
    ['in maintenance', '0 1 1 1 7 8 2 0 14', { up: false, weight: 1, admitted: false, maintenance: true }],
    ['draining by hand', '2 8 1 1 7 6 3 4 6', { up: true, weight: 1, admitted: false, maintenance: false }],
    ['without weight', '2 0 0 1 7 6 3 4 6', { up: true, weight: 0, admitted: false, maintenance: false }],
    ['unchecked', '2 0 1 1 7 6 3 4 2', { up: true, weight: 1, admitted: false, maintenance: false }],
  ])('shows a server that is %s', (_, state, expected) => {
    const line = `5 web 1 a 10.0.1.7 ${state} 0 0 0 - 32768`;
    const server = { backend: 'web', name: 'a', address: '10.0.1.7', port: 32768, unchangedSeconds: 7, line };
    expect(parseServersState(`1\n${header}\n${line}\n\n`)).toStrictEqual([{ ...server, ...expected }]);
  });

  it('shows no server where no backend has any', () => {
    expect(parseServersState(`1\n${header}\n\n`)).toStrictEqual([]);
  });

  it.each(['', "Can't find the target PID matching the prefix '@!1'\n", '2\n# other\n'])(
    'is an error as %j',
    (reply) => {
      expect(() => parseServersState(reply)).toThrow('did not answer "show servers state"');
    },
  );
});

it.each(['000', '100', '010', '001'])(
  'a server with sessions, queued, connections %s is idle without any',
  (counts) => {
    const [scur, qcur, used] = counts;
    const stat = `# pxname,svname,qcur,qmax,scur,smax,\nweb,a,${qcur},9,${scur},9,\n\n`;
    const connections = `# bkname/svname bkid/svid addr port - purge_delay used_cur\nweb/a 5/1 10.0.1.7 1 - 5000 ${used}\n\n`;
    expect(idleServers(table(stat, ','), table(connections, ' '))).toStrictEqual(
      new Set(counts === '000' ? ['web/a'] : []),
    );
  },
);

it.each(['', '\n', 'Unknown command\n'])(
  'law 18: another answer than a table is an error, not an empty table: %j',
  (reply) => {
    expect(() => table(reply, ',')).toThrow('did not answer with the table');
  },
);

it.each([
  ['add server web/a 10.0.1.7:1 check', 'New server registered.\n\n', true],
  ['add server web/a 10.0.1.7:1 check', 'Already exists a server with the same name in backend.\n', false],
  ['add server web/a 10.0.1.7:1 check', '', false],
  ['del server web/a', 'Server deleted.\n', true],
  ['del server web/a', 'No such server.\n', true],
  ['del server web/a', 'Server still has connections attached to it, cannot remove it.\n', false],
  ['set server web/a state maint', '\n', true],
  ['set server web/a state maint', 'No such server.\n', false],
  ['enable health web/a', "Can't find the target PID matching the prefix '@!1'\n", false],
  ['set ssl cert /live/a.pem <<\n', 'Transaction created for certificate /live/a.pem!\n', true],
  ['set ssl cert /live/a.pem <<\n', '', false],
])('to %s, the answer %j is accepted: %s', (command, reply, good) => {
  expect(accepted(command, reply)).toBe(good);
});

const [add, enable, del] = ['add server web/a 10.0.1.7:1 check', 'enable health web/a', 'del server web/a'];
const [added, refused] = ['New server registered.\n\n', 'Already exists a server with the same name in backend.\n\n'];
it.each([
  ['all that add', [add, add], added + added, [true, true]],
  ['one that adds beside one that is refused', [add, add], refused + added, [false, true]],
  ['those that say nothing, and one that adds', [enable, add, enable], `\n${added}\n`, [true, true, true]],
  ['none where one without words is refused', [enable, enable], '\nNo such server.\n\n', [false, false]],
  ['none where a reply is lost', [add, add], added, [false, false]],
  [
    'none where an add says nothing, and another command says something',
    [enable, add],
    'No such server.\n\n',
    [true, false],
  ],
  [
    'those that delete, by the shorter replies of 2.6 too',
    [del, del],
    'Server deleted.\nNo such server.\n\n',
    [true, true],
  ],
  [
    'no server that is still in use',
    [del, del],
    'Server deleted.\nServer still has connections attached to it, cannot remove it.\n',
    [true, false],
  ],
])('of commands in one line, accepts %s', (_, commands, reply, good) => {
  expect(acceptedTogether(commands, reply)).toStrictEqual(good);
});

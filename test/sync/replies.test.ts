import {
  accepted,
  certificatesIn,
  fingerprint,
  idleServers,
  openTransactions,
  parseProcesses,
  parseServersState,
  table,
} from '../../lib/sync/replies';

describe('show proc', () => {
  it('is read as 2.6 writes it', () => {
    const reply = [
      '#<PID>          <type>          <reloads>       <uptime>        <version>      ',
      '5205            master          3 [failed: 1]   0d00h00m01s     2.6.12-1+deb12u4',
      '# workers',
      '5208            worker          0               0d00h00m01s     2.6.12-1+deb12u4',
      '# old workers',
      '5100            worker          1               0d00h10m01s     2.6.12-1+deb12u4',
      '# programs',
      '',
    ].join('\n');

    expect(parseProcesses(reply)).toStrictEqual({ master: 5205, reloads: 3, failed: 1, workers: [5208, 5100] });
  });

  it('is an error when it is something else, such as nothing', () => {
    expect(() => parseProcesses('')).toThrow('did not answer "show proc"');
  });
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
    expect(idleServers(stat, connections)).toStrictEqual(new Set(counts === '000' ? ['web/a'] : []));
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

describe('certificates', () => {
  it('are found by their folder, apart from an open transaction', () => {
    const paths = ['/live/certificates/a.pem', '/live/certificates/b.pem'];
    const reply = `# transaction\n*${paths[1]}\n# filename\n${paths.join('\n')}\n/other/c.pem\n`;
    expect(certificatesIn(reply, '/live/certificates')).toStrictEqual(paths);
    expect(openTransactions(reply)).toStrictEqual([paths[1]]);
  });

  it('have a fingerprint, unless they are empty', () => {
    const print = '3697E19D072A12E2C4066D0F3E14E1364ADF8A4D';
    expect(fingerprint(`Status: Used\nSHA1 FingerPrint: ${print}\n`)).toBe(print);
    expect(fingerprint('Status: Empty\n')).toBeUndefined();
  });
});

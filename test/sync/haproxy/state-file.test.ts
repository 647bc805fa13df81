import type { WantedServer } from '../../../lib/sync/haproxy/change';
import { parseServersState, type RunningServer } from '../../../lib/sync/haproxy/replies';
import { stateFile } from '../../../lib/sync/haproxy/state-file';

const address = '10.0.1.7';
const wanted = (name: string, port = 1): WantedServer => ({ backend: 'web', name, address, port, options: 'check' });
const line = (name: string, port = 1) => `5 web 3 ${name} 10.0.1.7 2 0 1 1 7 6 3 4 6 0 0 0 - ${port} - 0 0 - - 0`;
const header =
  '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change ' +
  'srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port';
const running = (...lines: string[]): readonly RunningServer[] => parseServersState(['1', header, ...lines].join('\n'));
const lines = (text: string) => text.split('\n').slice(2);

describe('the state file for a reload', () => {
  it('carries over a server that stays', () => {
    expect(lines(stateFile(running(line('a')), [wanted('a')]))).toStrictEqual([line('a'), '']);
  });

  it.each([
    ['is new', []],
    ['had another port, for HAProxy would believe the file', [line('a', 2)]],
    ['was in maintenance though it is wanted', [line('a').replace(' 2 0 1 1 7', ' 0 1 1 1 7')]],
  ])('lets a server start DOWN, never checked, that %s', (_, before) => {
    const [started] = lines(stateFile(running(...before), [wanted('a')]));

    expect(started).toBe('1 web 1 a 10.0.1.7 0 0 100 100 0 1 0 0 6 0 0 0 - 1 - 0 0 - - 0');
  });

  it('forgets a server that is not wanted', () => {
    expect(lines(stateFile(running(line('a')), []))).toStrictEqual(['']);
  });

  it('begins with its version and ends with a newline, or HAProxy calls it corrupted', () => {
    expect(stateFile([], [wanted('a')])).toMatch(/^1\n# be_id be_name .*\n[^\n]+\n$/);
  });
});

import { weightOf } from '../../haproxy/backend';
import { sameServer, type WantedServer } from './change';
import type { RunningServer } from './replies';

const columns =
  'be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change ' +
  'srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id ' +
  'srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port';

/**
 * The state file for a reload: servers that stay keep their health, every other one starts DOWN until its first passed check.
 * HAProxy believes this file more than its configuration (addresses too), and wants a newline as the last byte.
 */
export function stateFile(running: readonly RunningServer[], wanted: readonly WantedServer[]): string {
  const staying = new Map(running.filter((server) => server.admitted).map((server) => [key(server), server]));
  const lines = wanted.map((server, index) => {
    const known = staying.get(key(server));
    return known && sameServer(server, known) ? known.line : newcomer(server, index + 1);
  });
  return ['1', `# ${columns}`, ...lines, ''].join('\n');
}

const key = ({ backend, name }: { readonly backend: string; readonly name: string }): string => `${backend}/${name}`;

function newcomer(server: WantedServer, number: number): string {
  const { backend, name, address, port } = server;
  const weight = weightOf(server);
  return `1 ${backend} ${number} ${name} ${address} 0 0 ${weight} ${weight} 0 1 0 0 6 0 0 0 - ${port} - 0 0 - - 0`;
}

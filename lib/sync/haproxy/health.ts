import { keepsHealth, writeHealth } from '../disk/disk';
import { readInstalled } from '../disk/installed';
import { wantedServers } from './change';
import { currentWorker, type Haproxy } from './master';
import { runningServers } from './membership';
import { stateFile } from './state-file';

/**
 * Writes down who passes its checks, for a reload that no sync makes: `haproxy.service` asks for it before it reloads.
 *
 * @throws when HAProxy cannot be asked; then its reload believes what the last sync has seen.
 */
export async function noteHealth(link: string, haproxy: Haproxy): Promise<{ readonly health: string }> {
  const installed = readInstalled(link);
  if (!installed || !keepsHealth(installed.files)) return { health: 'the installed configuration keeps none' };
  const worker = await currentWorker(haproxy);
  if (!worker) throw new Error('could not ask who passes its checks, for HAProxy is not running');
  const running = await runningServers(haproxy, worker);
  writeHealth(installed.folder, stateFile(running, wantedServers(installed.files)));
  const up = running.filter((server) => server.up && server.admitted);
  return { health: `${up.length} of ${wantedServers(installed.files).length} servers answer` };
}

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { shortened } from './reload';

/**
 * Lets HAProxy check a staged folder, with the certificates beside it.
 *
 * @throws when it refuses; the message holds what HAProxy says of its lines.
 */
export function checkConfiguration(haproxy: string, folder: string): void {
  const { error, status, stderr } = spawnSync(haproxy, ['-c', '-f', join(folder, 'haproxy')], {
    env: { ...process.env, SLUICE: folder },
    encoding: 'utf8',
    timeout: 20_000,
  });
  if (error) throw new Error(`could not run ${haproxy} to check the configuration: ${error.message}`, { cause: error });
  if (status !== 0) throw new Error(`HAProxy refuses the configuration, what runs is kept${shortened(stderr)}`);
}

/** A self-signed certificate for nobody, with its key: `openssl` makes what Node cannot. */
export function makeStandIn(): string {
  const words =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=stand-in.invalid -keyout - -out -';
  const { error, status, stdout } = spawnSync('openssl', words.split(' '), { encoding: 'utf8', timeout: 20_000 });
  if (error || status !== 0)
    throw new Error('could not make the stand-in certificate; is openssl installed?', { cause: error });
  return stdout;
}

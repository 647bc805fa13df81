import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { shortened } from './reload';

/**
 * Lets HAProxy check a staged folder, with the certificates beside it.
 *
 * @throws when it refuses; the message holds what HAProxy says of its lines.
 */
export function checkConfiguration(haproxy: string, folder: string): void {
  const refused = refusal(haproxy, join(folder, 'haproxy'), folder);
  if (refused !== undefined) throw new Error(`HAProxy refuses the configuration, what runs is kept${refused}`);
}

/**
 * Why HAProxy refuses the certificate of a file, with nothing else; such as a key that is too short for its OpenSSL.
 *
 * @param folder staged; it gets one more file
 */
export const certificateCheck =
  (haproxy: string, folder: string) =>
  (path: string): string | undefined => {
    const file = join(folder, 'certificate.cfg');
    const times = ['client', 'server', 'connect'].map((side) => `    timeout ${side} 1s\n`);
    const bind = `    bind 127.0.0.1:443 ssl crt "${path}"\n    http-request deny\n`;
    writeFileSync(file, `defaults\n    mode http\n${times.join('')}frontend certificate\n${bind}`);
    return refusal(haproxy, file, folder);
  };

/** What HAProxy says against a configuration, in words that may follow others; `undefined` where it takes it. */
function refusal(haproxy: string, configuration: string, folder: string): string | undefined {
  const { error, status, stderr } = spawnSync(haproxy, ['-c', '-f', configuration], {
    env: { ...process.env, SLUICE: folder },
    encoding: 'utf8',
    timeout: 20_000,
  });
  if (error) throw new Error(`could not run ${haproxy} to check the configuration: ${error.message}`, { cause: error });
  return status === 0 ? undefined : shortened(stderr);
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

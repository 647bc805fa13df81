import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePorts, listens } from '../../real/loopback';
import type { Processes } from '../../real/processes';
import { acmeFront, forward } from './acme-front';

export type PebbleOptions = {
  /** Whether a proof still counts for the next order. */
  readonly countsOldProofs?: boolean;
  /** Whether an account must be bound to one that its owner has with the CA (RFC 8555, section 7.3.4). */
  readonly bindsAccounts?: boolean;
};

const program = process.env.PEBBLE ?? 'pebble';

/**
 * Let's Encrypt's own test CA, strict; its questions go to a DNS server of the caller. It makes RSA keys at its start, half a second
 * of CPU, so several fronts may stand before one.
 */
export async function startPebble(dns: string, processes: Processes, options: PebbleOptions = {}) {
  const { countsOldProofs = false, bindsAccounts = false } = options;
  const [acme = 0, management = 0] = await freePorts('127.0.0.1', 2);
  const folder = join(processes.folder, `pebble-${acme}`);
  mkdirSync(folder);
  const { key, cert, files } = selfSigned(folder);
  const config = join(folder, 'config.json');
  writeFileSync(config, JSON.stringify({ pebble: configuration(acme, management, files, bindsAccounts) }));
  const said: string[] = [];
  const child = processes.launch([program, '-strict', '-config', config, '-dnsserver', dns], {
    environment: {
      // Otherwise it sleeps up to fifteen seconds before it looks.
      PEBBLE_VA_NOSLEEP: '1',
      // Percent of good nonces that are refused; a client that tries six times fails once in millions.
      PEBBLE_WFE_NONCEREJECT: '5',
      PEBBLE_AUTHZREUSE: countsOldProofs ? '100' : '0',
    },
    onLine: (line) => said.push(line),
  });
  const opened = await Promise.all([management, acme].map((port) => listens({ host: '127.0.0.1', port }, 10_000)));
  if (opened.includes(false))
    throw new Error(`${program} did not start: ${said.slice(-3).join(' | ')}; npm run demo installs it`);
  const root = { method: 'GET', path: '/roots/0', headers: {}, body: Buffer.alloc(0) };
  return {
    /** A PEM file with the front's certificate, which its callers must trust. */
    authority: files.certificate,
    /** The root of all certificates that this Pebble issues, as PEM. */
    root: (await forward(`https://127.0.0.1:${management}`, root)).body.toString(),
    front: () => acmeFront(`https://127.0.0.1:${acme}`, { key, cert }, countsOldProofs),
    stop: async (): Promise<void> => {
      child.kill('SIGKILL');
      await child.exited;
    },
  };
}

type Files = { readonly key: string; readonly certificate: string };

const configuration = (acme: number, management: number, files: Files, bindsAccounts: boolean) => ({
  listenAddress: `127.0.0.1:${acme}`,
  managementListenAddress: `127.0.0.1:${management}`,
  certificate: files.certificate,
  privateKey: files.key,
  externalAccountBindingRequired: bindsAccounts,
  httpPort: 5002,
  tlsPort: 5001,
});

function selfSigned(folder: string) {
  const files: Files = { key: join(folder, 'key.pem'), certificate: join(folder, 'cert.pem') };
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout ${files.key} -out ${files.certificate}`;
  execFileSync('openssl', words.split(' '), { stdio: 'ignore' });
  return { files, key: readFileSync(files.key, 'utf8'), cert: readFileSync(files.certificate, 'utf8') };
}

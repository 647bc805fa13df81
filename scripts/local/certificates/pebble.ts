import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';

import { bodyOf, freePorts, listens } from '../api/loopback';
import type { Processes } from '../processes';
import { acmeFront, type Window } from './acme-front';

export type PebbleOptions = {
  /** A program other than the one on the PATH. */
  readonly program?: string | undefined;
  /** Percent of good nonces that are refused; a client that tries six times fails once in millions at Pebble's own five. */
  readonly nonceReject?: number;
  /** Whether a proof still counts for the next order. */
  readonly countsOldProofs?: boolean;
  /** Whether an account must be bound to one that its owner has with the CA (RFC 8555, section 7.3.4). */
  readonly bindsAccounts?: boolean;
};

/**
 * Let's Encrypt's own test CA, strict; its questions go to a DNS server of the caller. It makes RSA keys at its start, half a second
 * of CPU, so several fronts may stand before one.
 *
 * @param dns `address:port`
 */
export async function startPebble(dns: string, processes: Processes, options: PebbleOptions = {}) {
  const { program = process.env.PEBBLE ?? 'pebble', nonceReject = 5, countsOldProofs = false } = options;
  const [acme = 0, management = 0] = await freePorts('127.0.0.1', 2);
  const folder = join(processes.folder, `pebble-${acme}`);
  mkdirSync(folder);
  const { key, cert, files } = selfSigned(folder);
  const config = join(folder, 'config.json');
  const { bindsAccounts: externalAccountBindingRequired = false } = options;
  const pebble = { ...configuration(acme, management, files), externalAccountBindingRequired };
  writeFileSync(config, JSON.stringify({ pebble }));
  const said: string[] = [];
  const child = processes.launch([program, '-strict', '-config', config, '-dnsserver', dns], {
    environment: {
      // Otherwise it sleeps up to fifteen seconds before it looks.
      PEBBLE_VA_NOSLEEP: '1',
      PEBBLE_WFE_NONCEREJECT: String(nonceReject),
      PEBBLE_AUTHZREUSE: countsOldProofs ? '100' : '0',
    },
    onLine: (line) => said.push(line),
  });
  const opened = await Promise.all([management, acme].map((port) => listens({ host: '127.0.0.1', port }, 10_000)));
  if (opened.includes(false))
    throw new Error(`${program} did not start: ${said.slice(-3).join(' | ')}; npm run demo installs it`);
  const ask = (path: string, body?: string) => asked(`https://127.0.0.1:${management}${path}`, body);
  return {
    /** Of the front: a file of PEM that its callers must trust. */
    authority: files.certificate,
    /** The root of what was issued since this Pebble started, PEM. */
    root: await ask('/roots/0'),
    /** What stands before it and is asked in its place. */
    front: () => frontOf(`https://127.0.0.1:${acme}`, { key, cert }, countsOldProofs, ask),
    stop: async (): Promise<void> => {
      child.kill('SIGKILL');
      await child.exited;
    },
  };
}

async function frontOf(
  url: string,
  credentials: { key: string; cert: string },
  countsOldProofs: boolean,
  ask: (path: string, body: string) => Promise<string>,
) {
  const front = await acmeFront(url, credentials, countsOldProofs);
  return {
    ...front,
    /** Makes the CA ask for another moment of renewal, by a certificate and RFC 9773's name of it. */
    setWindow: async (Certificate: string, id: string, window: Window): Promise<void> => {
      if (front.ari === 'stand-in') return void front.windows.set(id, window);
      const ARIResponse = JSON.stringify({ suggestedWindow: window });
      // Pebble 2.6 has windows of its own, but cannot be told another.
      const told = ask('/set-renewal-info/', JSON.stringify({ Certificate, ARIResponse }));
      await told.catch(() => front.windows.set(id, window));
    },
  };
}

type Files = { readonly key: string; readonly certificate: string };

/** Profiles are for Pebbles that know them; 2.4 ignores what it does not know. */
const configuration = (acme: number, management: number, files: Files) => ({
  listenAddress: `127.0.0.1:${acme}`,
  managementListenAddress: `127.0.0.1:${management}`,
  certificate: files.certificate,
  privateKey: files.key,
  httpPort: 5002,
  tlsPort: 5001,
  profiles: {
    classic: { description: 'ninety days', validityPeriod: 7_776_000 },
    shortlived: { description: 'a hundred and sixty hours', validityPeriod: 576_000 },
  },
});

function selfSigned(folder: string) {
  const files: Files = { key: join(folder, 'key.pem'), certificate: join(folder, 'cert.pem') };
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout ${files.key} -out ${files.certificate}`;
  execFileSync('openssl', words.split(' '), { stdio: 'ignore' });
  return { files, key: readFileSync(files.key, 'utf8'), cert: readFileSync(files.certificate, 'utf8') };
}

const agent = new Agent({ rejectUnauthorized: false });

const asked = (url: string, body?: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const call = request(url, { agent, method: body ? 'POST' : 'GET' }, (response) => {
      const isGood = response.statusCode === 200;
      bodyOf(response).then((text) => (isGood ? resolve(`${text}`) : reject(new Error(`${url}: ${text}`))), reject);
    });
    call.on('error', reject).end(body);
  });

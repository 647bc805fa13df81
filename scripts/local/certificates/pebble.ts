import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts, listens } from '../api/loopback';
import type { Processes } from '../processes';
import type { Window } from './acme-answers';
import { type AcmeFront, acmeFront } from './acme-front';

export type Pebble = AcmeFront & {
  /** Of the front: a file of PEM that its callers must trust. */
  readonly authority: string;
  /** The root of what was issued since this Pebble started, PEM. */
  readonly root: string;
  /** Makes the CA ask for another moment of renewal, by a certificate and RFC 9773's name of it. */
  setWindow(certificate: string, id: string, window: Window): Promise<void>;
};

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
 * Let's Encrypt's own test CA, strict, behind a front; its questions go to a DNS server of the caller.
 *
 * @param dns `address:port`
 */
export async function startPebble(dns: string, processes: Processes, options: PebbleOptions = {}): Promise<Pebble> {
  const {
    program = process.env.PEBBLE ?? 'pebble',
    nonceReject = 5,
    countsOldProofs = false,
    bindsAccounts = false,
  } = options;
  const [acme = 0, management = 0] = await freePorts('127.0.0.1', 2);
  const folder = join(processes.folder, `pebble-${acme}`);
  mkdirSync(folder);
  const file = (name: string) => join(folder, name);
  selfSigned(file('key.pem'), file('cert.pem'));
  writeFileSync(
    file('config.json'),
    JSON.stringify({
      pebble: { ...configuration(acme, management, file), externalAccountBindingRequired: bindsAccounts },
    }),
  );
  const said: string[] = [];
  const child = processes.launch([program, '-strict', '-config', file('config.json'), '-dnsserver', dns], {
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

  const asked = (path: string, body?: string) => ask(`https://127.0.0.1:${management}${path}`, body);
  const credentials = { key: readFileSync(file('key.pem'), 'utf8'), cert: readFileSync(file('cert.pem'), 'utf8') };
  const front = await acmeFront(`https://127.0.0.1:${acme}`, credentials, countsOldProofs);
  return {
    ...front,
    authority: file('cert.pem'),
    root: await asked('/roots/0'),
    setWindow: async (Certificate, id, window) => {
      if (front.ari === 'stand-in') return void front.windows.set(id, window);
      const ARIResponse = JSON.stringify({ suggestedWindow: window });
      // Pebble 2.6 has windows of its own, but cannot be told another.
      const told = asked('/set-renewal-info/', JSON.stringify({ Certificate, ARIResponse }));
      await told.catch(() => front.windows.set(id, window));
    },
    stop: async () => {
      await front.stop();
      child.kill('SIGKILL');
      await child.exited;
      await sleep(0);
    },
  };
}

/** Profiles are for Pebbles that know them; 2.4 ignores what it does not know. */
const configuration = (acme: number, management: number, file: (name: string) => string) => ({
  listenAddress: `127.0.0.1:${acme}`,
  managementListenAddress: `127.0.0.1:${management}`,
  certificate: file('cert.pem'),
  privateKey: file('key.pem'),
  httpPort: 5002,
  tlsPort: 5001,
  profiles: {
    classic: { description: 'ninety days', validityPeriod: 7_776_000 },
    shortlived: { description: 'a hundred and sixty hours', validityPeriod: 576_000 },
  },
});

function selfSigned(key: string, certificate: string): void {
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout ${key} -out ${certificate}`;
  execFileSync('openssl', words.split(' '), { stdio: 'ignore' });
}

const agent = new Agent({ rejectUnauthorized: false });

const ask = (url: string, body?: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const call = request(url, { agent, method: body ? 'POST' : 'GET' }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => (response.statusCode === 200 ? resolve(text) : reject(new Error(`${url}: ${text}`))));
    });
    call.on('error', reject).end(body);
  });

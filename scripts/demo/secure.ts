import type { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, type AgentOptions, request } from 'node:https';
import type { LookupFunction } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { handshake } from '../../lib/entrance/handshake';

/** A host that visitors ask by HTTPS, at the proxy, trusting one certificate authority only. */
export type Secure = {
  readonly host: string;
  readonly port: number;
  /** PEM of that authority. */
  readonly root: string;
};

export const secureOrigin = ({ host, port }: Secure): string => `https://${host}:${port}`;

const proxy = '127.0.0.1';
const atProxy: LookupFunction = (_host, _options, done) => done(null, proxy, 4);

/** A wrong certificate fails the request. Sessions are not resumed, so that each connection is shown a certificate. */
export const trusting = ({ root }: Secure, options: AgentOptions): Agent =>
  new Agent({ ...options, ca: root, lookup: atProxy, autoSelectFamily: false, maxCachedSessions: 0 });

/** The certificate that the proxy shows to a new visitor. @throws when the visitor may not trust it, or there is none. */
export const shownBy = async ({ host, port, root }: Secure): Promise<X509Certificate> =>
  (await handshake({ host: proxy, port, servername: host, timeoutMs: 5_000, trusted: root })).x509;

/**
 * Sends one request a second on one connection by HTTPS.
 *
 * @returns a function that sends the last request and returns their number. It throws when the connection ended or an answer was bad.
 */
export function holdOpen(secure: Secure): () => Promise<number> {
  const end = new AbortController();
  const requests = keepAsking(secure, end.signal);
  // A failure is reported when the caller asks; until then it must not count as unhandled.
  requests.catch(() => {});
  return () => {
    end.abort();
    return requests;
  };
}

async function keepAsking(secure: Secure, end: AbortSignal): Promise<number> {
  const agent = trusting(secure, { keepAlive: true, maxSockets: 1 });
  const ports = new Set<number | undefined>();
  for (let requests = 1; ; requests += 1) {
    const isLast = end.aborted;
    const asked = request(secureOrigin(secure), { agent }).end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    await once(answer.resume(), 'end');
    const { statusCode } = answer;
    ports.add(asked.socket?.localPort);
    if (statusCode !== 200) throw new Error(`on a kept connection the answer was ${statusCode}`);
    if (ports.size > 1) throw new Error(`a kept connection ended after ${requests - 1} requests`);
    if (isLast) {
      agent.destroy();
      return requests;
    }
    // HAProxy keeps an idle connection for longer.
    await sleep(1_000, undefined, { signal: end }).catch(() => {});
  }
}

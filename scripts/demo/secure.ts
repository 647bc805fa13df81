import type { X509Certificate } from 'node:crypto';
import { Agent, type AgentOptions } from 'node:https';
import type { LookupFunction } from 'node:net';
import { connect } from 'node:tls';

/** A host that is asked by HTTPS as if DNS led to the proxy, and as if there were one authority in the world. */
export type Secure = {
  readonly host: string;
  readonly port: number;
  /** PEM of whom to trust, and nobody else. */
  readonly root: string;
};

export const secureOrigin = ({ host, port }: Secure): string => `https://${host}:${port}`;

const proxy = '127.0.0.1';
const atProxy: LookupFunction = (_host, _options, done) => done(null, proxy, 4);

/** A wrong certificate fails the request. Each connection is shown one: a resumed session would repeat what it saw once. */
export const trusting = ({ root }: Secure, options: AgentOptions): Agent =>
  new Agent({ ...options, ca: root, lookup: atProxy, autoSelectFamily: false, maxCachedSessions: 0 });

/** What the proxy shows to a new visitor. @throws when that is not to be trusted, or nothing. */
export function shownBy({ host, port, root }: Secure): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: proxy, port, servername: host, ca: root, timeout: 5_000 });
    socket.on('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      if (certificate) resolve(certificate);
      socket.destroy();
    });
    socket.on('timeout', () => socket.destroy(new Error(`no answer on port ${port} in 5 s`)));
    socket.on('error', reject).on('close', () => reject(new Error(`${host} showed no certificate`)));
  });
}

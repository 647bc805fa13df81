import type { X509Certificate } from 'node:crypto';
import { Agent, type AgentOptions } from 'node:https';
import type { LookupFunction } from 'node:net';

import { handshake } from '../../lib/entrance/handshake';

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

/** The certificate that the proxy shows to a new visitor. @throws when the visitor may not trust it, or there is none. */
export const shownBy = async ({ host, port, root }: Secure): Promise<X509Certificate> =>
  (await handshake({ host: proxy, port, servername: host, timeoutMs: 5_000, trusted: root })).x509;

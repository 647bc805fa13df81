import { connect } from 'node:tls';

import { type Leaf, readLeaf } from './certificates/leaf';

export type Question = {
  readonly host: string;
  readonly port: number;
  /** The name that a browser would ask for; never a wildcard. */
  readonly servername: string;
  readonly timeoutMs: number;
};

/**
 * Asks an address by TLS which certificate it serves for a name. Who signed it is told, not judged: a stand-in, and
 * one of a staging directory, are answers too.
 *
 * @throws in words that name the address and the name, when nobody answers in time, or not in TLS.
 */
export function handshake({ host, port, servername, timeoutMs }: Question): Promise<Leaf> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: Error) =>
      reject(new Error(`${host}:${port} does not serve ${servername} by TLS: ${why}`, { cause }));
    const socket = connect({ host, port, servername, rejectUnauthorized: false });
    const late = setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);

    socket.on('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      if (certificate) resolve(readLeaf(certificate));
      else fail('it showed no certificate');
      // A polite end would wait for the other side's, and keep the process alive for as long.
      socket.destroy();
    });
    socket.on('error', (error) => fail(error.message, error));
    socket.on('close', () => {
      clearTimeout(late);
      fail('it hung up');
    });
  });
}

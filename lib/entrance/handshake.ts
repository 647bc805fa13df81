import type { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { type Leaf, readLeaf } from '../certificates/leaf';
import { showsIssuer } from '../certificates/x509';

export type Question = {
  readonly host: string;
  readonly port: number;
  /** The name that a browser would ask for; never a wildcard. Empty: none, as a client without SNI. */
  readonly servername: string;
  readonly timeoutMs: number;
};

/** A certificate as it is served, with those of authorities that were shown beside it. */
export type Shown = {
  readonly leaf: Leaf;
  /** SHA-256 fingerprints, in their order. */
  readonly authorities: readonly string[];
  /** Whether the one that issued it is among them, so that not only browsers can trust it. */
  readonly isWhole: boolean;
};

/** Which certificate an address serves for a name. */
export const handshake = async (question: Question): Promise<Leaf> => (await shown(question)).leaf;

/**
 * Asks an address by TLS which certificate it serves for a name, and with which others. Who signed it is told, not judged: a stand-in, and
 * one of a staging directory, are answers too.
 *
 * @throws in words that name the address and the name, when nobody answers in time, or not in TLS.
 */
export function shown({ host, port, servername, timeoutMs }: Question): Promise<Shown> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: Error) =>
      reject(
        new Error(`${host}:${port} does not serve ${servername || 'a client without SNI'} by TLS: ${why}`, { cause }),
      );
    const socket = connect({ host, port, servername, rejectUnauthorized: false });
    const late = setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);

    socket.on('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      if (certificate) resolve(read(certificate));
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

function read(certificate: X509Certificate): Shown {
  const others: X509Certificate[] = [];
  for (let next = certificate.issuerCertificate; next && others.length < mostShown; next = next.issuerCertificate)
    others.push(next);
  const authorities = others.map(({ fingerprint256 }) => fingerprint256);
  return { leaf: readLeaf(certificate), authorities, isWhole: showsIssuer(certificate, others) };
}

/** More than any authority has. */
const mostShown = 20;

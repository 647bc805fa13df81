import type { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';

import { covers, type Leaf, readLeaf, showsIssuer } from '../certificates/certificate';

export type Address = { readonly host: string; readonly port: number };

export type Question = Address & {
  /** Never a wildcard. Empty: no SNI. */
  readonly servername: string;
  readonly timeoutMs: number;
  /** PEM of the only authority to trust. Without it any certificate is accepted, such as a stand-in. */
  readonly trusted?: string;
};

export type Shown = {
  readonly leaf: Leaf;
  readonly x509: X509Certificate;
  /** SHA-256 fingerprints, in order. */
  readonly authorities: readonly string[];
  /** The issuer's certificate is among them; only browsers would find it elsewhere. */
  readonly isWhole: boolean;
};

export function parseAddress(text: string): Address {
  const [host = '', port = '443'] = text.split(':');
  return { host, port: Number(port) };
}

/** @throws without a TLS answer in time; the message names the address and the name. */
export function handshake({ host, port, servername, timeoutMs, trusted }: Question): Promise<Shown> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: Error) =>
      reject(
        new Error(`${host}:${port} does not serve ${servername || 'a client without SNI'} by TLS: ${why}`, { cause }),
      );
    const trust = trusted === undefined ? { rejectUnauthorized: false } : { ca: trusted };
    const socket = connect({ host, port, servername, ...trust });
    const late = setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);

    socket.on('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      if (certificate) resolve(read(certificate));
      else fail('it showed no certificate');
      // `end` would wait for the other side, and keep the process alive.
      socket.destroy();
    });
    socket.on('error', (error) => fail(error.message, error));
    socket.on('close', () => {
      clearTimeout(late);
      fail('it hung up');
    });
  });
}

function read(x509: X509Certificate): Shown {
  const others: X509Certificate[] = [];
  for (let next = x509.issuerCertificate; next && others.length < mostShown; next = next.issuerCertificate)
    others.push(next);
  const authorities = others.map(({ fingerprint256 }) => fingerprint256);
  return { leaf: readLeaf(x509), x509, authorities, isWhole: showsIssuer(x509, others) };
}

const mostShown = 20;

/** Why a client that trusts the authority would refuse this certificate, if it would. */
export function refusal(
  { leaf: { names, issuer }, isWhole }: Shown,
  address: string,
  host: string,
): string | undefined {
  if (!names.some((name) => covers(name, host)))
    return `${address} serves ${host} with a certificate of ${names.join(', ') || 'no name (the stand-in)'}`;
  return isWhole ? undefined : `${address} serves ${host} without the certificate of ${issuer}, which issued it`;
}

import type { X509Certificate } from 'node:crypto';

/** What a certificate says of itself, and nothing secret. */
export type Leaf = {
  /** Hexadecimal in capitals, as OpenSSL prints it. */
  readonly serial: string;
  readonly issuer: string;
  /** Its DNS names. */
  readonly names: readonly string[];
  /** Epoch milliseconds. */
  readonly notBefore: number;
  readonly notAfter: number;
};

export const readLeaf = (certificate: X509Certificate): Leaf => ({
  serial: certificate.serialNumber,
  issuer: certificate.issuer.replaceAll('\n', ', '),
  names: Array.from((certificate.subjectAltName ?? '').matchAll(/DNS:([^\s,]+)/g), ([, name = '']) => name),
  notBefore: Date.parse(certificate.validFrom),
  notAfter: Date.parse(certificate.validTo),
});

import { X509Certificate } from 'node:crypto';

/** A parameter's name cannot hold `*` (AWS: PutParameter). */
export const certificateName = (names: readonly string[]): string => (names[0] ?? '').replace(/^\*/, 'wildcard');

/** A wildcard has the record of its domain (RFC 8555, section 8.4). */
export const challengeName = (name: string): string => `_acme-challenge.${name.replace(/^\*\./, '')}`;

/** Whether a certificate's name is valid for a host; a wildcard stands for exactly one label (RFC 9525, section 6.3). */
export const covers = (name: string, host: string): boolean =>
  name === host || (name.startsWith('*.') && name.slice(1) === host.replace(/^[^.]+/, ''));

/** Finds a host that only this certificate answers for: a handshake for any other host may show another certificate. */
export function provingHost(names: readonly string[], others: readonly (readonly string[])[]): string | undefined {
  return names.map(hostBelow).find((host) => !others.flat().some((name) => covers(name, host)));
}

export const hostBelow = (name: string): string => name.replace(/^\*/, 'sluice-asks');

export const hostToAsk = (names: readonly string[], others: readonly (readonly string[])[]): string =>
  provingHost(names, others) ?? hostBelow(names[0] ?? '');

export const sameNames = (some: readonly string[], others: readonly string[]): boolean =>
  [...some].sort().join() === [...others].sort().join();

export type Leaf = {
  /** As OpenSSL prints it: hexadecimal, in capitals. */
  readonly serial: string;
  readonly issuer: string;
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

/** RFC 9773, section 4.1: its authority's key identifier and its serial. `undefined` without an authority. */
export function renewalId({ raw, serialNumber }: X509Certificate): string | undefined {
  const authority = authorityKeyId(raw);
  if (authority === undefined) return undefined;
  // The DER of a positive integer begins with a zero where its first bit is set.
  const serial = Buffer.from(/^[89A-F]/.test(serialNumber) ? `00${serialNumber}` : serialNumber, 'hex');
  return `${authority.toString('base64url')}.${serial.toString('base64url')}`;
}

/** Node.js shows no extensions, so this finds its bytes: its OID, an octet string, a sequence, field [0]. */
function authorityKeyId(raw: Buffer): Buffer | undefined {
  const oid = Buffer.from('0603551d23', 'hex');
  const at = raw.indexOf(oid) + oid.length;
  const [octets, , sequence, , field, length = 0] = raw.subarray(at, at + 6);
  const isKeyId = at >= oid.length && octets === 0x04 && sequence === 0x30 && field === 0x80;
  return isKeyId ? raw.subarray(at + 6, at + 6 + length) : undefined;
}

type Certificate = { readonly text: string; readonly x509: X509Certificate };

/**
 * The authorities' certificates to show with a leaf, each the issuer of the one before (RFC 8446, section 4.4.2), without unrelated ones
 * and, unless it issued the leaf, without a root, which a client has or does not trust.
 * @param now epoch milliseconds; 0 accepts expired certificates
 * @throws with a message that continues "the chain of …" and quotes nothing of the text
 */
export function chainOf(leafText: string, chain: string, now: number): string {
  const leaf = new X509Certificate(leafText);
  const others = certificatesIn(chain).filter(({ x509 }) => x509.fingerprint256 !== leaf.fingerprint256);
  if (issued(leaf, leaf)) {
    if (others.length > 0) throw new Error('does not belong to it, because it signed itself');
    return '';
  }
  const path = authorities(leaf, others, now);
  const [issuer] = path;
  if (issuer === undefined) throw new Error(`has no certificate of ${name(leaf.issuer)}, which issued it`);
  if (isOver(issuer, now)) throw new Error(`holds a certificate of ${name(leaf.issuer)} that has ended`);
  return path
    .filter((authority, at) => at === 0 || !(isOver(authority, now) || issued(authority.x509, authority.x509)))
    .map(({ text }) => text)
    .join('\n');
}

export const showsIssuer = (leaf: X509Certificate, shown: readonly X509Certificate[]): boolean =>
  [leaf, ...shown].some((other) => issued(leaf, other));

/** SHA-256, without damaged certificates. */
export const authorityFingerprints = (pem: string): readonly string[] =>
  Array.from(pem.matchAll(certificateBlocks), ([block]) => block)
    .slice(1)
    .flatMap((block) => fingerprint(block) ?? []);

function fingerprint(block: string): string | undefined {
  try {
    return new X509Certificate(block).fingerprint256;
  } catch {
    return undefined;
  }
}

const certificateBlocks = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function certificatesIn(chain: string): readonly Certificate[] {
  const blocks = chain.match(certificateBlocks) ?? [];
  const begun = chain.match(/-----BEGIN CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0 && chain.trim() !== '') throw new Error('holds no certificate');
  if (blocks.length < begun.length) throw new Error('holds a certificate that is cut off');
  return blocks.map((text) => ({ text, x509: parseCertificate(text) }));
}

function parseCertificate(text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw new Error('holds a certificate that is damaged');
  }
}

/** From the leaf upwards. Of two issuers it prefers a valid one, then one that is no root. */
function authorities(leaf: X509Certificate, known: readonly Certificate[], now: number): readonly Certificate[] {
  const path: Certificate[] = [];
  for (let below = leaf; ; ) {
    const issuers = known.filter((other) => !path.includes(other) && other.x509.ca && issued(below, other.x509));
    const rank = (one: Certificate) => (isOver(one, now) ? 2 : 0) + (issued(one.x509, one.x509) ? 1 : 0);
    const [next] = issuers.sort((a, b) => rank(a) - rank(b));
    if (next === undefined) return path;
    path.push(next);
    below = next.x509;
  }
}

function issued(below: X509Certificate, above: X509Certificate): boolean {
  try {
    return below.checkIssued(above) && below.verify(above.publicKey);
  } catch {
    return false;
  }
}

const isOver = ({ x509 }: Certificate, now: number): boolean => Date.parse(x509.validTo) < now;

/** A name may hold anything: returns one printable line. */
const name = (words: string): string => words.replace(/[^\x20-\x7e]+/g, ', ').slice(0, 200);

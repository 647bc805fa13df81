import { X509Certificate } from 'node:crypto';

type Certificate = { readonly text: string; readonly x509: X509Certificate };

/**
 * The authorities' certificates to show with a leaf, PEM, each the issuer of the one before (RFC 8446, section 4.4.2). What does
 * not lead on from the leaf is left out, and so is a root, which a client has or does not trust, unless it issued the leaf.
 *
 * @param now epoch milliseconds; 0 where time is not to be judged
 * @throws in words that go on after "the chain of …", without a word of the text
 */
export function chainOf(leafText: string, chain: string, now: number): string {
  const leaf = new X509Certificate(leafText);
  const others = certificatesIn(chain).filter(({ x509 }) => x509.fingerprint256 !== leaf.fingerprint256);
  if (issued(leaf, leaf)) {
    if (others.length > 0) throw new Error('does not belong to it, for it signed itself');
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

/** Whether what was shown with a leaf holds its issuer's certificate. Only browsers find that by themselves. */
export const showsIssuer = (leaf: X509Certificate, shown: readonly X509Certificate[]): boolean =>
  [leaf, ...shown].some((other) => issued(leaf, other));

/** SHA-256 fingerprints of the certificates after the first of a file; damaged ones are left out. */
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
  return blocks.map((text) => ({ text, x509: parsed(text) }));
}

function parsed(text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw new Error('holds a certificate that is damaged');
  }
}

/** From a leaf's issuer upwards, as far as they are known. Of two that issued one, a valid one counts, and then no root. */
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

/** By name, key identifier and signature. */
function issued(below: X509Certificate, above: X509Certificate): boolean {
  try {
    return below.checkIssued(above) && below.verify(above.publicKey);
  } catch {
    return false;
  }
}

const isOver = ({ x509 }: Certificate, now: number): boolean => Date.parse(x509.validTo) < now;

/** One line of a name that may hold anything. */
const name = (words: string): string => words.replace(/[^\x20-\x7e]+/g, ', ').slice(0, 200);

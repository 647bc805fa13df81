/** The name under which a certificate is stored. A parameter's name cannot hold `*` (AWS: PutParameter). */
export const certificateName = (names: readonly string[]): string => (names[0] ?? '').replace(/^\*/, 'wildcard');

/** Where a name's challenge is answered; a wildcard's is its domain's (RFC 8555, section 8.4). */
export const challengeName = (name: string): string => `_acme-challenge.${name.replace(/^\*\./, '')}`;

/** Whether a certificate's name answers for a host: a wildcard for exactly one label (RFC 9525, section 6.3). */
export const covers = (name: string, host: string): boolean =>
  name === host || (name.startsWith('*.') && name.slice(1) === host.replace(/^[^.]+/, ''));

/**
 * A host that this certificate alone answers for: only by such a one can a handshake prove that it is served.
 * There may be none.
 */
export function provingHost(names: readonly string[], others: readonly (readonly string[])[]): string | undefined {
  const hosts = names.map((name) => name.replace(/^\*/, 'sluice-asks'));
  return hosts.find((host) => !others.flat().some((name) => covers(name, host)));
}

export const sameNames = (some: readonly string[], others: readonly string[]): boolean =>
  [...some].sort().join() === [...others].sort().join();

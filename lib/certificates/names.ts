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
  return names.map(hostBelow).find((host) => !others.flat().some((name) => covers(name, host)));
}

/** A host that a certificate's name answers for; below a wildcard one that no service has. */
export const hostBelow = (name: string): string => name.replace(/^\*/, 'sluice-asks');

/** The host by which to ask for a certificate: one that it alone answers for, where there is such a host. */
export const hostToAsk = (names: readonly string[], others: readonly (readonly string[])[]): string =>
  provingHost(names, others) ?? hostBelow(names[0] ?? '');

export const sameNames = (some: readonly string[], others: readonly string[]): boolean =>
  [...some].sort().join() === [...others].sort().join();

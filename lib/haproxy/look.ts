/** Sluice asks by this host whether a proxy answers. HAProxy answers it before any route, and no label can claim it. */
export const askedHost = 'sluice-asks.invalid';

/** And by which 0.1.0 asked before it claimed an address. */
export const reservedHosts: readonly string[] = [askedHost, 'claim.invalid'];

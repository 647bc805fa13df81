/** How many trusted proxies may stand in a row before this one. */
const mostProxies = 3;

/** For the end of a rule: the address of the connection, or of the visitor, is one of a trusted proxy. */
export const isTrusted = 'sluice-trusted';

export const byProxy = '{ var(txn.by_proxy) -m bool }';

/** The header's entry at this place, counted from its end: each proxy appends the address that it was asked from. */
const entry = (place: number): string => `req.hdr_ip(X-Forwarded-For,-${place})`;

/**
 * Sets `src` to the visitor's address, for this request alone. Every entry from the end on must be an address: behind one that is not, such as
 * `unknown`, stands what a stranger may have sent.
 */
export const visitorRules: readonly string[] = [
  `http-request set-var(txn.by_proxy) bool(true) if ${isTrusted}`,
  ...Array.from({ length: mostProxies }, (_, index) => {
    const entries = Array.from({ length: index + 1 }, (_, before) => `{ ${entry(before + 1)} -m found }`);
    return `http-request set-src ${entry(index + 1)} if ${isTrusted} ${entries.join(' ')}`;
  }),
];

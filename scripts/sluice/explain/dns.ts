import { parseAddress } from '../../../lib/entrance/handshake';
import { type Check, fine, wrong } from '../status/check';
import type { SeenProxy } from '../status/proxies';

type Ways = {
  /** The addresses of the name, or why this machine's resolver has none. */
  readonly resolved: readonly string[] | Error;
  readonly proxies: readonly SeenProxy[];
  /** Whether the settings name proxies of others before this stage, such as those of a CDN. */
  readonly isBehindOthers: boolean;
};

/** Whether visitors reach the proxies by this name, as far as this machine sees. */
export function dnsCheck(host: string, { resolved, proxies, isBehindOthers }: Ways): Check {
  const what = 'dns';
  const known = new Map(proxies.map(({ slot, address }) => [parseAddress(address).host, `proxy ${slot}`]));
  const ours = [...known].map(([address, slot]) => `${address} (${slot})`).join(', ') || 'an address of a proxy';
  const next = `let a record lead ${host} to ${ours}`;
  if (resolved instanceof Error) {
    const { code = resolved.message } = resolved as NodeJS.ErrnoException;
    return code === 'ENOTFOUND'
      ? wrong(what, 'the name has no address, as far as this machine sees', next)
      : wrong(
          what,
          `this machine cannot look the name up: ${code}`,
          'check its network, and run the same command again',
        );
  }
  const strangers = resolved.filter((address) => !known.has(address));
  const named = resolved.map((address) => (known.has(address) ? `${address} (${known.get(address)})` : address));
  const says = `the name leads to ${named.join(', ')}`;
  if (strangers.length === 0) return fine(what, says);
  const not = strangers.length === resolved.length ? says : `${says}; not all are proxies`;
  if (isBehindOthers) return fine(what, `${not}, perhaps one of those that trustedProxies names`);
  return wrong(
    what,
    `${not}; this stage has ${ours}`,
    `${next}, unless a CDN or another proxy stands before this stage`,
  );
}

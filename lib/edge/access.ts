import type { Label } from './label';
import { clientLines, networksRight, readNetworks } from './networks';

const refusal = 'return status 403 content-type text/plain string "Your address has no access here."';

/** Stands before `allow`, and so wins. */
export const deny: Label = {
  key: 'deny',
  value: 'clients that get 403: addresses and networks, as in `haproxy.allow`',
  standard: 'none',
  right: networksRight,
  read: readNetworks,
  lines: (networks) => [...clientLines('denied', networks), `http-request ${refusal} if denied`],
};

export const allow: Label = {
  key: 'allow',
  value: 'clients that may enter, others get 403: `203.0.113.7, 10.0.0.0/8, 2001:db8::/32`',
  standard: 'all',
  right: networksRight,
  read: readNetworks,
  lines: (networks) => [...clientLines('allowed', networks), `http-request ${refusal} unless allowed`],
};

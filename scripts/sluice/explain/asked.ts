import { hostGrammar } from '../../../lib/haproxy/frontends';
import { quote } from '../../../lib/printable';
import { Stop } from '../verb';

/** A request as HAProxy sees it: the host in lower case, without a port and a last dot; the path as it was sent. */
export type Asked = {
  readonly url: string;
  readonly scheme: 'http' | 'https';
  readonly host: string;
  /** Only if it is not the scheme's own. */
  readonly port?: string;
  readonly path: string;
  readonly query: string;
};

/** Reads a URL as a browser does: that is what it would send. @throws Stop */
export function parseUrl(text: string): Asked {
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  const url = URL.canParse(written) ? new URL(written) : undefined;
  const scheme = /^(https?):$/.exec(url?.protocol ?? 'https:')?.[1];
  if (scheme !== 'http' && scheme !== 'https')
    throw new Stop(`${quote(text)} is not asked by HTTP or HTTPS; ${such}`, 2);
  if (url === undefined || !new RegExp(hostGrammar).test(url.hostname))
    throw new Stop(`${quote(text)} names no host that HAProxy takes; ${such}`, 2);
  const { port, pathname: path, search: query } = url;
  const host = url.hostname.replace(/\.$/, '');
  return { url: `${scheme}://${url.host}${path}${query}`, scheme, host, ...(port && { port }), path, query };
}

const such = 'give a URL such as https://shop.example.com/cart';

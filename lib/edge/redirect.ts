import { isHost } from '../routes/hosts';
import type { Label, Labels } from './label';

/** Danger: HAProxy reads the target as a format, so it has no `%`, quote, space, `#`, `$`, `\` or brace. */
const urlGrammar = /^https?:\/\/([^:/?]+)(:\d{1,5})?(\/[A-Za-z0-9._~/@:!*;,+-]*)(\?[A-Za-z0-9._~/@:!*;,+?&=-]*)?$/;

const longestUrl = 1_000;

export const redirect: Label = {
  key: 'redirect',
  value: 'a host, where the same path is asked, or a URL; the answer is a 308',
  standard: 'the task answers',
  right:
    'a host such as example.com, which keeps the path, or a URL with a path such as https://example.com/page, made of letters, digits and -._~/?&=+,;:@!*',
  read: (text) => [text.replace(/^(https?:\/\/)?[^/]*/i, (origin) => origin.toLowerCase())].find(isTarget),
  contradiction: (target, path, labels, hosts) => circle(target, path, hosts) ?? idle(labels),
  lines: (target) => [`http-request redirect ${rule(target)} code 308`],
};

const isUrl = (target: string): boolean => target.includes('/');
const isDomain = (text = ''): boolean => isHost(text) && !text.startsWith('*');
const isTarget = (text: string): boolean =>
  isUrl(text) ? text.length <= longestUrl && isDomain(urlGrammar.exec(text)?.[1]) : isDomain(text);

/** HTTP leads to HTTPS in the frontend, where a certificate covers the host that is asked. */
const rule = (target: string): string =>
  isUrl(target) ? `location ${target}` : `prefix %[ssl_fc,iif(https,http)]://${target}`;

/** Another route may serve what a URL names below this path, so only the very same path is surely a circle. */
function circle(target: string, path: string, hosts: readonly string[]): string | undefined {
  const [, host = target, port, at = path] = urlGrammar.exec(target) ?? [];
  const isOwn = hosts.includes(host) && port === undefined && at.replace(/(.)\/$/, '$1') === path;
  return isOwn ? 'leads to its own route, in a circle; name another host or path' : undefined;
}

const fitting = ['redirect', 'allow', 'deny', 'hsts'];

function idle(labels: Labels): string | undefined {
  const [key] = Object.keys(labels).filter((each) => !fitting.includes(each));
  return key && `answers every request, so ${key} beside it would do nothing; remove one of the two`;
}

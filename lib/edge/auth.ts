import { limit } from '../haproxy/limits';
import type { Label, Shaped } from './label';

/** The userlists of a generation. The sync adds the users on each instance, because only there are they decrypted. */
export const usersName = '05-users.cfg';

/** Published with its version and the second in which that was written, because a parameter that was deleted counts from 1 again. */
export const auth: Label = {
  key: 'auth',
  value:
    'name of a secret of this service, which holds users and their passwords for HTTP basic authentication (below)',
  standard: 'everybody may enter',
  right:
    'the name of a secret: letters, digits and -. A service has only its own, in /sluice/<stage>/auth/<cluster>.<service>/<name>',
  read: (text) => (/^[A-Za-z0-9-]{1,64}$/.test(text) ? text : undefined),
  lines: (value, backend) => loginRules(value.replace(/\..*/, ''), listName(value, backend)),
};

const listName = (value: string, { cluster, service }: Shaped): string => `${cluster}.${service}.${value}`;

/** Splits a userlist's name. The owner of a task that was started alone has two dots. */
export const listGrammar = /^([\w-]+\.{1,2}[\w-]+)\.([A-Za-z0-9-]+)\.([1-9]\d*)\.(\d+)$/;

/** A wrong password costs a millisecond of the proxy's CPU, so an address may send only so many in a minute. */
const mostWrong = 10;

/** The cost of a hash grows with the password, so a header with a long one is not read. */
const longestHeader = 300;

const tooMany =
  'return status 429 content-type text/plain hdr Retry-After 60 string ' +
  '"Too many wrong passwords came from your address. Please try again in a minute."';

/** Tasks never see the password. A client cannot send X-Forwarded-User itself: see frontends.ts. */
const loginRules = (realm: string, list: string): readonly string[] => [
  'http-request set-var(txn.login) req.hdr(Authorization,1)',
  `http-request auth realm ${realm} unless { var(txn.login) -m beg -i "basic " } { var(txn.login),length lt ${longestHeader} }`,
  `http-request ${tooMany} if { src_gpc0_rate(sluice-logins) ge ${mostWrong} }`,
  `http-request set-var(txn.user) http_auth_user if { http_auth(${list}) }`,
  'http-request set-var(txn.wrong) src_inc_gpc0(sluice-logins) unless { var(txn.user) -m found }',
  `http-request auth realm ${realm} unless { var(txn.user) -m found }`,
  'http-request del-header Authorization',
  'http-request set-header X-Forwarded-User %[var(txn.user)]',
];

/** Without users a list lets nobody in: so does an earlier release's sync, which adds none. */
export function userFiles(backends: readonly Shaped[]): readonly { readonly name: string; readonly text: string }[] {
  const lists = backends.flatMap((backend) => (backend.labels.auth ? listName(backend.labels.auth, backend) : []));
  if (lists.length === 0) return [];
  const lines = [...new Set(lists)].sort().map((list) => `userlist ${list}`);
  return [{ name: usersName, text: [...lines, '', logins, ''].join('\n') }];
}

/** Eight bytes hold an IPv4 address, or the /64 of an IPv6 one. A full table forgets the address that was wrong the longest time ago. */
const logins = `backend sluice-logins
    stick-table type binary len 8 size ${limit('SLUICE_SOCKETS')} expire 1m store gpc0,gpc0_rate(1m)`;

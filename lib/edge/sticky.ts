import { createHash } from 'node:crypto';

import { mapPath } from '../haproxy/sections';
import type { Label } from './label';

/** Each backend has a cookie of its own, because several may serve paths of one host. */
const cookieOf = (backend: string): string =>
  `sluice-${createHash('sha256').update(backend).digest('hex').slice(0, 8)}`;

/** HAProxy makes the same of the server's name. A task id has 128 random bits, so its digest says nothing. */
const tokenOf = (task: string): string => createHash('sha256').update(task).digest('hex').slice(0, 32);

/**
 * The cookie holds a digest of the task's id, which the map leads back to it while it serves. `use-server` passes over a task that is down or
 * left, so its visitors move on. A server's own `cookie` option would be shorter, but before 3.0 HAProxy refuses it for dynamic servers.
 */
export const sticky: Label = {
  key: 'sticky',
  value: '`on`: a visitor keeps the same task, by a cookie that the task does not see',
  standard: 'each request goes to the next task',
  right: 'on; without the label each request goes to the next task',
  read: (text) => (text === 'on' ? text : undefined),
  entries: (servers) => servers.map(({ name }) => [`sticky:${tokenOf(name)}/`, name]),
  lines: (_, { name }) => {
    const cookie = cookieOf(name);
    const hasCookie = '{ var(txn.sticky) -m found }';
    const isNews = '!{ var(txn.sticky),strcmp(txn.task) eq 0 }';
    const set = `http-response add-header Set-Cookie "${cookie}=%[var(txn.task)]; Path=/; HttpOnly; SameSite=Lax`;
    const remove = `http-request replace-header Cookie '^(${cookie}=[^;]*(; *|$)|(.*); *${cookie}=[^;]*)(.*)$' '\\3\\4' if ${hasCookie}`;
    return [
      `http-request set-var(txn.sticky) req.cook(${cookie})`,
      `http-request set-var(txn.leads) str(sticky:),concat(,txn.sticky,/),map_beg(${mapPath}) if ${hasCookie}`,
      ...[remove, remove],
      // Whoever sends more than two is no browser.
      `http-request del-header Cookie if { req.cook(${cookie}) -m found } || ${hasCookie} { req.fhdr_cnt(Cookie) eq 1 } { req.fhdr(Cookie) -m len 0 }`,
      'http-response set-var(txn.task) srv_name,sha2(256),hex,lower,bytes(0,32)',
      `${set}; Secure" if { ssl_fc } ${isNews}`,
      `${set}" if !{ ssl_fc } ${isNews}`,
      'use-server %[var(txn.leads)] if { var(txn.leads) -m found }',
    ];
  },
};

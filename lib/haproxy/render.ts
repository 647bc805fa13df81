import { createHash } from 'node:crypto';

import { type Backend, headerLine, serverLine, serverOptions } from './backend';
import { frontends } from './frontends';
import { serviceLimits } from './limits';
import { defaults, global } from './sections';

/** One file of HAProxy's configuration folder. */
export type File = { readonly name: string; readonly text: string };

/** All that HAProxy's configuration depends on. */
export type Configuration = {
  readonly backends: readonly Backend[];
  /** Names on the stored certificates, such as `example.com` and `*.example.com`: HTTP redirects to HTTPS for these. */
  readonly certified: readonly string[];
};

/**
 * Writes the configuration folder, byte for byte the same for the same input in any order.
 * HAProxy loads the files by name in C order, and wants `defaults` before whoever uses them.
 */
export function render({ backends, certified }: Configuration): readonly File[] {
  const sorted = [...backends].sort((a, b) => (a.name < b.name ? -1 : 1));
  const routing = { name: '10-frontends.cfg', text: frontends(sorted, [...certified].sort()) };
  const services = sorted.map((backend) => ({ name: `50-${backend.name}.cfg`, text: backendFile(backend) }));

  const options = sorted.map(serverOptions);
  const digest = structure([routing, ...services, { name: '00-global.cfg', text: global('') + defaults }], options);
  return [{ name: '00-global.cfg', text: global(digest) + defaults }, routing, ...services];
}

/**
 * The digest of everything that only a reload can change: the files without comments and without servers, and the servers' options.
 * It stands in `description`, where `show info` proves which structure a process runs.
 */
export function structure(files: readonly File[], options: readonly string[]): string {
  const lines = [...files]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name, text }) => [name, ...text.split('\n').filter((line) => !/^(#| {4}server )/.test(line))]);
  return createHash('sha256')
    .update([...lines, ...options].join('\n'))
    .digest('hex')
    .slice(0, 16);
}

/** The structure that a rendered configuration says it has, or that a process says it runs. */
export const describedStructure = (text: string): string | undefined =>
  /^\s*description:? sluice ([0-9a-f]{16})$/m.exec(text)?.[1];

function backendFile(backend: Backend): string {
  const servers = [...backend.servers].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    headerLine(backend),
    `backend ${backend.name}`,
    '    balance roundrobin',
    ...serviceLimits,
    '    # What may not be repeated is sent once, on a connection of its own: a kept one may end as it arrives.',
    ...onceOnly,
    '.if version_atleast(3.2)',
    '    option http-drop-request-trailers',
    '.endif',
    ...healthCheck(backend),
    ...servers.map((server) => serverLine(server, backend)),
    '',
  ].join('\n');
}

/**
 * A task may close a kept connection at the very moment at which the next request is sent on it, and nobody can tell then whether it
 * ran. A connection with a name that no other has is new, and it ends with the answer, for nobody could use it again.
 */
const onceOnly = ['disable-l7-retry', 'set-var(txn.once) uuid', 'set-header Connection close'].map(
  (action) => `    http-request ${action} unless { method GET HEAD OPTIONS }`,
);

/** Checks look like the requests that the application expects: a known host, by HTTPS. */
function healthCheck({ check, routes }: Backend): readonly string[] {
  if (check === 'tcp') return [];
  const host = routes.find((route) => !route.host.startsWith('*'))?.host ?? routes[0]?.host.replace(/^\*\.?/, '');
  const headers = `hdr Host ${host || 'localhost'} hdr X-Forwarded-Proto https hdr X-SSL 1 hdr User-Agent sluice`;
  return [
    '    option httpchk',
    `    http-check send meth GET uri ${check} ver HTTP/1.1 ${headers}`,
    '    http-check expect status 200-399',
  ];
}

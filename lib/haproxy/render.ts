import { createHash } from 'node:crypto';

import { userFiles } from '../edge/auth';
import type { Entry } from '../edge/label';
import { labelLines } from '../edge/labels';
import { type Backend, headerLine, serverLine, serverOptions } from './backend';
import { frontends } from './frontends';
import { serviceLimits } from './limits';
import { mapEntries, mapText } from './map';
import { defaults, global, mapName } from './sections';
import { type StageSettings, usualSettings } from './stage';

export type File = { readonly name: string; readonly text: string };

export type Configuration = {
  readonly backends: readonly Backend[];
  /** Names of the stored certificates: HTTP redirects to HTTPS for these. */
  readonly certified: readonly string[];
  readonly settings?: StageSettings;
};

/** Writes the same bytes for the same input in any order. HAProxy loads files in C order, and needs `defaults` before their users. */
export function render({ backends, certified, settings = usualSettings }: Configuration): readonly File[] {
  const sorted = [...backends].sort((a, b) => (a.name < b.name ? -1 : 1));
  const services = sorted.map((backend) => ({ name: `50-${backend.name}.cfg`, text: backendFile(backend, settings) }));
  return assemble({
    ...{ settings, users: userFiles(sorted), services, options: sorted.map(serverOptions) },
    entrance: frontends(sorted, settings),
    map: mapEntries({ backends: sorted, certified }),
  });
}

/** What a proxy serves before anything was published. The sync carries this function, so it must not need the labels. */
export const renderEmpty = (settings = usualSettings): readonly File[] =>
  assemble({ settings, users: [], services: [], options: [], entrance: frontends([], settings), map: [] });

type Parts = {
  readonly settings: StageSettings;
  readonly entrance: string;
  readonly users: readonly File[];
  readonly map: readonly Entry[];
  readonly services: readonly File[];
  readonly options: readonly string[];
};

function assemble({ settings, users, services, options, entrance, map }: Parts): readonly File[] {
  const shared = defaults(settings);
  const file = (digest: string): File => ({ name: '00-global.cfg', text: global(digest, settings) + shared });
  const others = [...users, { name: '10-frontends.cfg', text: entrance }];
  const digest = structure([...others, ...services, file('')], options);
  return [file(digest), ...others, { name: mapName, text: mapText(map) }, ...services];
}

/**
 * The digest of all that only a reload can change: the files but the map, without comments and servers, and the servers' options. It stands in
 * `description`, where `show info` proves which structure a process runs.
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

export const describedStructure = (text: string): string | undefined =>
  /^\s*description:? sluice ([0-9a-f]{16})$/m.exec(text)?.[1];

function backendFile(backend: Backend, { trustedProxies }: StageSettings): string {
  const servers = [...backend.servers].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    headerLine(backend),
    `backend ${backend.name}`,
    '    balance roundrobin',
    ...serviceLimits(trustedProxies),
    '    # A request that must not be repeated is sent once, on a new connection: a kept one may close as the request arrives.',
    ...onceOnly,
    '.if version_atleast(3.2)',
    '    option http-drop-request-trailers',
    '.endif',
    ...labelLines(backend),
    ...servers.map((server) => serverLine(server, backend)),
    '',
  ].join('\n');
}

/**
 * A task may close a kept connection just as the next request arrives on it, and then it is unknown whether the request ran. A connection
 * with a unique name is new, and ends with its answer, because no other request can use it.
 */
const onceOnly = ['disable-l7-retry', 'set-var(txn.once) uuid', 'set-header Connection close'].map(
  (action) => `    http-request ${action} unless { method GET HEAD OPTIONS }`,
);

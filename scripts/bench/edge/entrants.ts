import type { File } from '../../../lib/haproxy/render';
import type { Contest } from './compare';
import { before, type Configuration, hostsOf, reference, sluice, sluiceFiles } from './configurations';
import { first, firstByTls, handshakes, host, type Protocol, second } from './load';
import { caddy } from './peers/caddy';
import { nginx } from './peers/nginx';
import type { Peer } from './peers/peer';
import { traefik } from './peers/traefik';
import type { Stand } from './stand';

export const minimal = 'reference.cfg';
export const ours = 'Sluice';
export const former = 'before.cfg';
export const peers: readonly Peer[] = [nginx, caddy, traefik];
export const peersHere: readonly Peer[] = peers.filter((peer) => peer.version() !== undefined);

export const withRoutes = (name: string, routes: number): string => `${name}, ${routes.toLocaleString('en-GB')} routes`;

/** What Sluice does for a request besides routing it: the lines that do it. */
export const partKept = 'keeping a GET, to send it again';
export const parts: readonly { readonly what: string; readonly lines: RegExp }[] = [
  { what: partKept, lines: /^ {4}retry-on / },
  { what: 'X-Request-Id, a UUID', lines: /X-Request-Id/ },
  { what: 'redirects where a certificate covers the host', lines: /redirect location/ },
  { what: 'X-Forwarded-For, X-Forwarded-Proto and X-SSL', lines: /option forwardfor|header (X-Forwarded-Proto|X-SSL)/ },
  { what: "removing a client's headers", lines: /del-header|restrict-req-hdr-names/ },
  {
    what: 'checks of method, host, length, URI, upgrade and trailers',
    lines: / (return status 40[05]|replace-uri) |txn\.(upgrade|websocket)/,
  },
  { what: 'limits of connections and requests', lines: /track-sc|sc\d_conn_cur|be_conn gt/ },
  { what: 'noticing that a client left', lines: /option abortonclose/ },
];

export const without = (what: string): string => `${ours} without ${what}`;

export type Entrant = {
  readonly name: string;
  readonly configuration: Configuration;
  readonly in: readonly Protocol[];
};

const all: readonly Protocol[] = [first, firstByTls, second, handshakes];

/** One route is one host; of more, each host has two paths. */
export function entrantsOn(stand: Stand): readonly Entrant[] {
  const task = `${stand.task.host}:${stand.task.port}`;
  const files = sluiceFiles(stand);
  return [
    { name: minimal, configuration: reference(stand), in: all },
    { name: former, configuration: before(stand), in: [first, second] },
    { name: ours, configuration: sluice(stand, 'routes-1', files), in: all },
    ...[100, 1_000].map((routes) => ({
      name: withRoutes(ours, routes),
      configuration: sluice(stand, `routes-${routes}`, sluiceFiles(stand, routes)),
      in: [first, second],
    })),
    ...parts.map(({ what, lines }, index) => ({
      name: without(what),
      configuration: sluice(stand, `without-${index}`, leftOut(files, lines)),
      in: [first],
    })),
    ...peersHere.map(({ name, configuration }) => ({
      name,
      configuration: configuration(stand, name, { hosts: [host], tasks: [task] }),
      in: all,
    })),
    // Traefik has no rule for a wildcard but a regular expression each.
    ...peersHere
      .filter((peer) => peer !== traefik)
      .map(({ name, configuration }) => ({
        name: withRoutes(name, 1_000),
        configuration: configuration(stand, name, { hosts: hostsOf(1_000), path: '/api/', tasks: [task] }),
        in: [first],
      })),
  ];
}

const leftOut = (files: readonly File[], lines: RegExp): readonly File[] =>
  files.map((file) => ({
    ...file,
    text: file.text
      .split('\n')
      .filter((line) => !lines.test(line))
      .join('\n'),
  }));

export const contestsOf = (entrants: readonly Entrant[]): readonly Contest[] =>
  all.map((protocol) => ({
    protocol,
    of: [...entrants.entries()].flatMap(([place, entrant]) => (entrant.in.includes(protocol) ? [place] : [])),
  }));

/** `goal` is the largest ratio that is right. */
export type Pair = { readonly first: string; readonly second: string; readonly goal?: number };

export const pairs: readonly Pair[] = [
  { first: ours, second: minimal, goal: 1.2 },
  ...peers.map(({ name }) => ({ first: ours, second: name, goal: 1 })),
  ...peers.map(({ name }) => ({ first: minimal, second: name })),
  { first: without(partKept), second: minimal },
  { first: ours, second: former, goal: 1.02 },
  { first: withRoutes(ours, 100), second: ours },
  { first: withRoutes(ours, 1_000), second: ours, goal: 1.1 },
  ...peers.map(({ name }) => ({ first: withRoutes(name, 1_000), second: name })),
];

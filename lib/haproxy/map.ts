import type { Entry } from '../edge/label';
import { labelEntries } from '../edge/labels';
import type { Backend, Route } from './backend';
import { passOn } from './next-worker';
import { mapPath } from './sections';

/** HAProxy skips it as configuration. See `mapName`. */
export function mapText(entries: readonly Entry[]): string {
  const lines = [...new Set(entries.map((entry) => entry.join(' ')))].sort();
  return ['# A map: it is not read as configuration.', '.if 0', ...lines, '.endif', ''].join('\n');
}

type Routed = { readonly backends: readonly Backend[]; readonly certified: readonly string[] };

export const mapEntries = ({ backends, certified }: Routed): readonly Entry[] => [
  ...backends.flatMap(({ name, routes }) => routes.map((route): Entry => [keyOf(route), name])),
  ...certified.map((name): Entry => [`https:${name}/`, 'redirect']),
  ...backends.flatMap(labelEntries),
];

/** The keys and values of a map, one line each, sorted. */
export const mapLines = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => /^[^#.]/.test(line))
    .sort();

/** Ends in a slash, so that a prefix matches whole segments. `*` follows the rest of a wildcard's host, and no host has one. */
const keyOf = ({ host, path }: Route): string =>
  `${host.startsWith('*.') ? `${host.slice(2)}*` : host}${path === '/' ? '' : path}/`;

/** How many labels of a host, after its first one, a wildcard may have without a rule of its own. */
const usualDepth = 4;

/** A rule is read until one finds its backend, so what an exact host does not need costs it nothing. */
const lookUp = (sample: string): string =>
  `use_backend %[var(txn.backend)] if { ${sample},concat(,txn.path,/),map_beg(${mapPath}),set-var(txn.backend) -m found }`;

/** Its first label is what a wildcard stands for. */
const rest = 'var(txn.host),field(2,.,0)';

/**
 * `map_beg` finds the longest key that the text begins with. An exact host is asked for first, then wildcards from the longest, then `*`:
 * the next one if no path of a host fits. OPTIONS * has no path (RFC 9110, 9.3.7).
 */
export function routingRules(backends: readonly Backend[]): readonly string[] {
  const wild = backends.flatMap(({ routes }) => routes.filter(({ host }) => host.startsWith('*.')));
  const depths = wild.map(({ host }) => host.split('.').length - 1);
  const deepest = Math.max(usualDepth, ...depths);
  const wildcards = Array.from({ length: deepest }, (_, index) => deepest - index);
  const certified = (prefix: string, name: string) =>
    `{ str(${prefix}),concat(,${name},/),map_beg(${mapPath}) -m found }`;
  const onePlace = `{ ${rest},set-var(txn.rest) -m found } ${certified('https:*.', 'txn.rest')}`;
  return [
    'http-request set-var(txn.path) path',
    // A certificate for *.example.com covers one label before the dot (RFC 6125, 6.4.3).
    `http-request redirect location https://%[var(txn.host)]%[pathq] code 308 if !{ ssl_fc } ${certified('https:', 'txn.host')} || !{ ssl_fc } ${onePlace}`,
    passOn,
    lookUp('var(txn.host)'),
    ...wildcards.map((depth) => lookUp(`${rest},field(-1,.,${depth}),concat(*)`)),
    lookUp('str(*)'),
    'default_backend sluice-unknown',
  ];
}

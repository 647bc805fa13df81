import { closest, distance } from 'fastest-levenshtein';

import { isPath } from '../edge/grammar';
import type { Labels } from '../edge/label';
import { labels as edgeLabels } from '../edge/labels';
import type { LabelledContainer } from '../fleet/fleet';
import { reservedHosts } from '../haproxy/frontends';
import { quote } from '../printable';
import { correctedHosts, isHost, listedHosts } from './hosts';

type RouteLabels = {
  readonly route: string;
  readonly hosts: readonly string[];
  readonly path: string;
  readonly port: number;
  readonly labels: Labels;
};

/** Labels that say which requests a route takes, and the port; all others shape its backend. */
const own = [
  {
    key: 'host',
    value: 'hosts, comma separated: `shop.example.com`, `*.example.com` (at any depth), `*`',
    standard: 'required',
  },
  { key: 'path', value: 'path prefix; the longest wins, on segment borders: `/api` is not `/apix`', standard: '`/`' },
  {
    key: 'port',
    value: 'container port that is mapped by TCP, alone or in a range',
    standard: 'the only one mapped',
  },
];

/** The rows of the table in docs/labels.md. */
export const reference: readonly (readonly [label: string, value: string, standard: string])[] = [
  ...own,
  ...edgeLabels,
].map(({ key, value, standard }) => [`\`haproxy.${key}\``, value, standard]);

const keys = [...own, ...edgeLabels].map(({ key }) => key);
const firstWord = (key: string): string => key.replace(/\..*/s, '');

/** Words of labels, used now or later: as names of routes they would change what a label means. */
const reserved = new Set([
  ...keys.map(firstWord),
  ...'redirect timeout allow deny auth hsts strip maintenance sticky rate proto maxconn weight'.split(' '),
  ...'match header headers balance slowstart compress cors body mode listen drain'.split(' '),
]);

const routeGrammar = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;

/**
 * Reads the `haproxy.` labels of a container. A container without any is not routed.
 * Danger: labels are hostile input. Only what matched a grammar is returned, everything else is a fault.
 */
export function readLabels({ name, labels, ...mapped }: LabelledContainer): {
  readonly routes: readonly RouteLabels[];
  readonly faults: readonly string[];
} {
  const faults: string[] = [];
  const byRoute = new Map<string, Record<string, string>>();
  for (const [full, value] of Object.entries(labels)) {
    // A label in other capitals is a fault; ignored, it would look as if it worked.
    if (!full.trim().toLowerCase().startsWith('haproxy.')) continue;
    const [route, key] = splitKey(full);
    const fault = faultyKey(full, route, key);
    if (fault !== undefined) faults.push(fault);
    else byRoute.set(route, { ...byRoute.get(route), [key]: value.trim() });
  }

  const routes = [...byRoute].map(([route, values]) => readRoute(route, values, mapped, faults));
  return {
    routes: faults.length > 0 ? [] : routes,
    faults: faults.map((fault) => `container ${quote(name)}: ${fault}`),
  };
}

/** Splits `haproxy.<key>` and `haproxy.<route>.<key>`; a key may have a dot. */
function splitKey(full: string): readonly [route: string, key: string] {
  const name = full.trim().slice('haproxy.'.length);
  const [first = '', ...rest] = name.split('.');
  return keys.includes(name) || rest.length === 0 ? ['', name] : [first, rest.join('.')];
}

type Values = Readonly<Record<string, string>>;
type FullKey = (key: string) => string;

function readRoute(route: string, values: Values, mapped: Mapped, faults: string[]): RouteLabels {
  const full: FullKey = (key) => `haproxy.${route === '' ? '' : `${route}.`}${key}`;
  const hosts = readHosts(full('host'), values.host, faults);
  const { path = '/' } = values;
  if (!isPath(path))
    faults.push(`${full('path')} ${quote(path)} is not a path of letters, digits and ._~- such as /api`);
  const port = choosePort(full('port'), values, mapped, faults);
  return { route, hosts, path: withoutSlash(path), port, labels: readEdge(full, hosts, values, faults) };
}

function readHosts(key: string, value: string | undefined, faults: string[]): readonly string[] {
  if (value === undefined) {
    faults.push(`${key} is missing; name the hosts to serve`);
    return [];
  }
  const hosts = listedHosts(value);
  if (!hosts.every(isHost)) {
    const instead = correctedHosts(value).join(', ');
    const fault = `${key} ${quote(value)} is not a list of hosts such as example.com, *.example.com or *`;
    faults.push(`${fault}${instead && `; write ${instead}`}`);
  }
  const reserved = hosts.find((each) => reservedHosts.includes(each));
  if (reserved) faults.push(`${key} ${quote(reserved)} is reserved: Sluice asks by it whether HAProxy answers`);
  return hosts;
}

/** Danger: labels are hostile input. A value that has not matched its grammar must never be returned. */
function readEdge(full: FullKey, hosts: readonly string[], values: Values, faults: string[]): Labels {
  const read = edgeLabels.flatMap((label) => {
    const text = values[label.key];
    const value = text === undefined ? undefined : label.read(text);
    if (text !== undefined && value === undefined)
      faults.push(`${full(label.key)} ${quote(text)} is not ${label.right}`);
    return value === undefined ? [] : [{ label, value, text }];
  });
  const labels = Object.fromEntries(read.map(({ label: { key }, value }) => [key, value]));
  for (const { label, value, text = '' } of read) {
    const why = label.contradiction?.(value, withoutSlash(values.path ?? '/'), labels, hosts);
    if (why !== undefined) faults.push(`${full(label.key)} ${quote(text)} ${why}`);
  }
  return labels;
}

const withoutSlash = (path: string): string => path.replace(/(.)\/$/, '$1');

type Mapped = Pick<LabelledContainer, 'ports' | 'ranges'>;

/** A route that redirects asks no task, so any port will do. */
function choosePort(
  key: string,
  { port: value, redirect }: Values,
  { ports, ranges }: Mapped,
  faults: string[],
): number {
  const all = [...ports, ...ranges.map(({ from, to }) => `${from}-${to}`)];
  const mapped = all.length === 0 ? 'no port is mapped' : `mapped are ${all.join(', ')}`;
  const [first = redirect === undefined ? undefined : ranges[0]?.from] = ports;
  if (value === undefined && first !== undefined && (all.length === 1 || redirect !== undefined)) return first;
  const port = Number(value);
  const isMapped = ports.includes(port) || ranges.some(({ from, to }) => from <= port && port <= to);
  if (value === undefined) faults.push(`${key} is needed: ${mapped}`);
  else if (!/^[0-9]{1,5}$/.test(value) || !isMapped) {
    faults.push(`${key} ${quote(value)} is not a mapped container port: ${mapped}`);
  }
  return port;
}

function faultyKey(full: string, route: string, key: string): string | undefined {
  const isExact = full === `haproxy.${route === '' ? '' : `${route}.`}${key}`;
  const word = route.toLowerCase();
  if (!isExact || !keys.includes(key)) return unknownLabel(full, route);
  if (reserved.has(word)) {
    return `${quote(full)}: "${route}" cannot name a route, because Sluice keeps the word for labels; rename the route, such as haproxy.my-${word}.${key}`;
  }
  return route === '' || routeGrammar.test(route) ? undefined : unknownLabel(full, route);
}

function unknownLabel(full: string, route: string): string {
  const name = route.toLowerCase();
  const named = routeGrammar.test(name) && !reserved.has(name) ? [`haproxy.${name}.`] : [];
  const known = ['haproxy.', ...named].flatMap((prefix) => keys.map((key) => prefix + key));
  const lower = full.trim().slice(0, 100).toLowerCase().replace(/\.+$/, '');
  const nearest = known.find((each) => sorted(each) === sorted(lower)) ?? closest(lower, known);
  const hint =
    distance(lower, nearest) <= 3
      ? `; did you mean ${nearest}?`
      : `; known are ${keys.join(', ')}, also as haproxy.<name>.host`;
  return `unknown label ${quote(full)}${hint}`;
}

/** Letters that changed places are the likeliest slip: `hots` is `host`, though `hsts` is nearer. */
const sorted = (text: string): string => [...text].sort().join('');

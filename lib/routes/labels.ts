import { domainToASCII } from 'node:url';
import { closest, distance } from 'fastest-levenshtein';

import type { LabelledContainer } from '../fleet/fleet';
import { reservedHosts } from '../haproxy/frontends';
import { quote } from '../printable';

type RouteLabels = {
  readonly route: string;
  readonly hosts: readonly string[];
  readonly path: string;
  readonly port: number;
  readonly check: string;
};

const keys = ['host', 'path', 'port', 'check'];

/** Words of labels, used now or later: as names of routes they would change what a label means. */
const reserved = new Set(
  (
    `${keys.join(' ')} redirect timeout allow deny auth hsts strip maintenance sticky rate proto maxconn weight ` +
    'match header headers balance slowstart compress cors body mode listen drain'
  ).split(' '),
);

/** RFC 3986, section 2.3: only unreserved characters, none of which means anything to HAProxy. */
const pathGrammar = /^(\/[A-Za-z0-9._~-]+)*\/?$/;
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

const splitKey = (full: string): readonly [string, string] => {
  const [first = '', ...rest] = full.trim().slice('haproxy.'.length).split('.');
  return rest.length === 0 ? ['', first] : [first, rest.join('.')];
};

function readRoute(
  route: string,
  values: Readonly<Record<string, string>>,
  mapped: Mapped,
  faults: string[],
): RouteLabels {
  const full = (key: string) => `haproxy.${route === '' ? '' : `${route}.`}${key}`;
  const { host, path = '/', check = 'tcp' } = values;
  const hosts = [...listedHosts(host ?? '')].sort();

  if (host === undefined) faults.push(`${full('host')} is missing; name the hosts to serve`);
  else if (!hosts.every(isHost)) {
    const instead = correctedHosts(host).join(', ');
    faults.push(
      `${full('host')} ${quote(host)} is not a list of hosts such as example.com, *.example.com or *${instead && `; write ${instead}`}`,
    );
  }
  const reserved = hosts.find((each) => reservedHosts.includes(each));
  if (reserved)
    faults.push(`${full('host')} ${quote(reserved)} is reserved: Sluice asks by it whether HAProxy answers`);
  if (!pathGrammar.test(path) || path === '' || path.length > 255) {
    faults.push(`${full('path')} ${quote(path)} is not a path of letters, digits and ._~- such as /api`);
  }
  if (check !== 'tcp' && (!pathGrammar.test(check) || check === '' || check.length > 255)) {
    faults.push(`${full('check')} ${quote(check)} is neither tcp nor a path such as /health`);
  }
  const port = choosePort(full('port'), values.port, mapped, faults);
  return { route, hosts, path: path.replace(/(.)\/$/, '$1'), port, check };
}

type Mapped = Pick<LabelledContainer, 'ports' | 'ranges'>;

function choosePort(key: string, value: string | undefined, { ports, ranges }: Mapped, faults: string[]): number {
  const all = [...ports, ...ranges.map(({ from, to }) => `${from}-${to}`)];
  const mapped = all.length === 0 ? 'no port is mapped' : `mapped are ${all.join(', ')}`;
  const [only] = ports;
  if (value === undefined && all.length === 1 && only !== undefined) return only;
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
  if (!isExact || !keys.includes(key)) return unknownLabel(full, route);
  const word = route.toLowerCase();
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
  const nearest = closest(lower, known);
  const hint =
    distance(lower, nearest) <= 3
      ? `; did you mean ${nearest}?`
      : `; known are ${keys.join(', ')}, also as haproxy.<name>.host`;
  return `unknown label ${quote(full)}${hint}`;
}

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
/** RFC 1123, section 2.1, in lower case; `*` alone or as the first label. */
const hostGrammar = new RegExp(`^(\\*|(\\*\\.)?${label}(\\.${label})*)$`);

const listedHosts = (value: string): readonly string[] => [
  ...new Set(value.split(',').map((host) => host.trim().toLowerCase())),
];

const isHost = (text: string): boolean => text.length <= 253 && hostGrammar.test(text);

/** In longer lists only the faulty entries are corrected. */
const fewHosts = 5;

/** The patterns below are slow on much longer text. */
const longestEntry = 500;

/** Guesses what a browser would send instead. */
function correctedHosts(value: string): readonly string[] {
  const entries = value.split(/[\s,;]+/).filter((entry) => entry !== '');
  const shown = entries.length > fewHosts ? entries.filter((entry) => !isHost(entry.toLowerCase())) : entries;
  return [...new Set(shown.map(correctedHost))].filter(isHost).slice(0, fewHosts);
}

function correctedHost(entry: string): string {
  if (entry.length > longestEntry) return '';
  const host = entry
    .replace(/^["'`]+|["'`]+$/g, '')
    .replace(/^([a-z][a-z0-9+.-]*:)?\/\//i, '')
    .replace(/[/?#].*$/s, '')
    .replace(/^.*@/s, '')
    .replace(/:\d*$/, '')
    .replace(/(?<!\*)[.\u3002\uff0e\uff61]+$/, '')
    .replace(/^\.(?=.)/, '*.')
    .replace(/(?<=[^._])_+(?=[^._])/g, '-')
    .replaceAll('_', '')
    .toLowerCase();
  const [, star = '', rest = ''] = /^(\*\.)?(.*)$/s.exec(host) ?? [];
  // domainToASCII would take a number for an IP address.
  return /^[\x20-\x7e]*$/.test(rest) ? host : star + domainToASCII(rest);
}

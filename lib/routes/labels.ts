import { closest, distance } from 'fastest-levenshtein';

import type { LabelledContainer } from '../fleet/fleet';
import { reservedHosts } from '../haproxy/look';

/** What the labels of one container ask for, under one route name (`` for the unnamed one). */
type RouteLabels = {
  readonly route: string;
  readonly hosts: readonly string[];
  readonly path: string;
  readonly port: number;
  readonly check: string;
};

const keys = ['host', 'path', 'port', 'check'];

/** Every host and path is a line that HAProxy compares for each request, and one service must not slow the others. */
const mostHosts = 50;

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
/** RFC 1123, section 2.1, in lower case; `*` alone or as the first label. */
const hostGrammar = new RegExp(`^(\\*|(\\*\\.)?${label}(\\.${label})*)$`);
/** RFC 3986, section 2.3: unreserved characters only, so that nothing in a path can mean anything to HAProxy. */
const pathGrammar = /^(\/[A-Za-z0-9._~-]+)*\/?$/;
const routeGrammar = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;

/**
 * Reads the `haproxy.` labels of a container. A container without any is not routed.
 * Labels are hostile input: whatever is returned matched a grammar, everything else is a fault in words.
 */
export function readLabels({ name, labels, ports }: LabelledContainer): {
  readonly routes: readonly RouteLabels[];
  readonly faults: readonly string[];
} {
  const faults: string[] = [];
  const byRoute = new Map<string, Record<string, string>>();
  for (const [full, value] of Object.entries(labels)) {
    if (!full.startsWith('haproxy.')) continue;
    const [route, key] = splitKey(full);
    if (!keys.includes(key) || (route !== '' && !routeGrammar.test(route))) faults.push(unknownLabel(full));
    else byRoute.set(route, { ...byRoute.get(route), [key]: value.trim() });
  }

  const routes = [...byRoute].map(([route, values]) => readRoute(route, values, ports, faults));
  const hosts = routes.flatMap((route) => route.hosts).length;
  if (hosts > mostHosts)
    faults.push(`${hosts} hosts are more than the ${mostHosts} that a container may have; use a wildcard`);
  return {
    routes: faults.length > 0 ? [] : routes,
    faults: faults.map((fault) => `container ${quote(name)}: ${fault}`),
  };
}

const splitKey = (full: string): readonly [string, string] => {
  const [first = '', ...rest] = full.slice('haproxy.'.length).split('.');
  return rest.length === 0 ? ['', first] : [first, rest.join('.')];
};

function readRoute(
  route: string,
  values: Readonly<Record<string, string>>,
  ports: readonly number[],
  faults: string[],
): RouteLabels {
  const full = (key: string) => `haproxy.${route === '' ? '' : `${route}.`}${key}`;
  const { host, path = '/', check = 'tcp' } = values;
  const hosts = [
    ...new Set(
      (host ?? '')
        .toLowerCase()
        .split(',')
        .map((each) => each.trim()),
    ),
  ].sort();

  if (host === undefined) faults.push(`${full('host')} is missing; name the hosts to serve`);
  else if (!hosts.every((each) => each.length <= 253 && hostGrammar.test(each))) {
    faults.push(`${full('host')} ${quote(host)} is not a list of hosts such as example.com, *.example.com or *`);
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
  const port = choosePort(full('port'), values.port, ports, faults);
  return { route, hosts, path: path.replace(/(.)\/$/, '$1'), port, check };
}

function choosePort(key: string, value: string | undefined, ports: readonly number[], faults: string[]): number {
  const mapped = ports.length === 0 ? 'no port is mapped' : `mapped are ${ports.join(', ')}`;
  const [only] = ports;
  if (value === undefined && ports.length === 1 && only !== undefined) return only;
  if (value === undefined) faults.push(`${key} is needed: ${mapped}`);
  else if (!/^[0-9]{1,5}$/.test(value) || !ports.includes(Number(value))) {
    faults.push(`${key} ${quote(value)} is not a mapped container port: ${mapped}`);
  }
  return Number(value);
}

function unknownLabel(full: string): string {
  const nearest = closest(
    full,
    keys.map((key) => `haproxy.${key}`),
  );
  const hint =
    distance(full, nearest) <= 3
      ? `; did you mean ${nearest}?`
      : `; known are ${keys.join(', ')}, also as haproxy.<name>.host`;
  return `unknown label ${quote(full)}${hint}`;
}

/** Puts foreign text into a sentence: short, on one line, with nothing that a terminal or a log would act on. */
const quote = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

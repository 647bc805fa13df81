import { closest, distance } from 'fastest-levenshtein';

import { covers } from '../../../lib/certificates/certificate';
import type { Published } from '../../../lib/decide';
import { serviceKey } from '../../../lib/fleet/fleet';
import type { Backend, Route } from '../../../lib/haproxy/backend';
import { reservedHosts } from '../../../lib/haproxy/frontends';
import { faultsOf } from '../service';
import type { Stage } from '../stage';
import { type Check, fine, wrong } from '../status/check';
import { publishedChecks } from '../status/status';
import type { Asked } from './asked';
import type { Choice, Lost } from './match';

export const certifiedBy = ({ certificates }: Published, host: string): readonly string[] | undefined =>
  certificates.map(({ names }) => names).find((names) => names.some((name) => covers(name, host)));

/** What comes before the route: port, certificate, and HTTPS in place of HTTP. */
export function entranceChecks({ scheme, host, port, path, query }: Asked, published: Published): readonly Check[] {
  const names = certifiedBy(published, host);
  const none = `no certificate covers ${host}`;
  const add = 'add the name to `certificates` in the settings, and deploy: docs/certificates.md';
  const covered = fine('certificate', `${host} is covered by that of ${names?.join(', ')}`);
  return [
    ...(port ? [wrong('port', `the proxies listen on 80 and 443, and not on ${port}`, 'ask without the port')] : []),
    ...(names
      ? [covered]
      : scheme === 'https'
        ? [wrong('certificate', `${none}: browsers warn`, add)]
        : [fine('certificate', `${none}, so HTTP is answered as it is`)]),
    ...(names && scheme === 'http' ? [fine('https', `HTTP leads to https://${host}${path}${query} (308)`)] : []),
  ];
}

/** Which route takes the request, and which do not. */
export function routeChecks(asked: Asked, { won, lost }: Choice, published: Published, stage: Stage): readonly Check[] {
  if (reservedHosts.includes(asked.host)) return [fine('route', 'HAProxy answers this name before any route')];
  const damaged = publishedChecks(published, stage).filter(({ ok }) => !ok);
  if (published.generation === undefined) return damaged;
  const others = lost.slice(0, mostLost).map((each) => fine('not taken', lossOf(each)));
  const more = lost.length > mostLost ? [fine('not taken', `and ${lost.length - mostLost} more routes`)] : [];
  if (won) {
    const { backend } = won;
    const to = `container ${backend.container}, port ${backend.port}`;
    return [...damaged, fine('route', `${written(won.route)} of ${serviceKey(backend)}, ${to}`), ...others, ...more];
  }
  const says = `no route takes ${asked.host}${asked.path}`;
  return [
    ...damaged,
    wrong('route', says, routeAdvice(asked, lost, published)),
    ...others,
    ...more,
    ...hidden(published, stage),
  ];
}

const mostLost = 3;
const written = ({ host, path }: Pick<Route, 'host' | 'path'>): string => `${host}${path}`;
const lossOf = ({ backend, route, why }: Lost): string => `${written(route)} of ${serviceKey(backend)}: ${why}`;

function routeAdvice({ host }: Asked, lost: readonly Lost[], { backends }: Published): string {
  if (lost.length > 0) return 'ask for a path that fits, or give a service this path: haproxy.path';
  const hosts = backends.flatMap(({ routes }) =>
    routes.map((route) => route.host.replace('*', host.split('.')[0] ?? '')),
  );
  const near = hosts.length > 0 ? closest(host, hosts) : '';
  const hint = near !== '' && distance(host, near) <= 3 ? `did you mean ${near}? Otherwise ` : '';
  return `${hint}give a service the label haproxy.host with this name: docs/labels.md`;
}

/** Services that a fault keeps out: each may be the one that should answer. */
function hidden(published: Published, stage: Stage): readonly Check[] {
  const served = new Set(published.backends.filter(({ routes }) => routes.length > 0).map(serviceKey));
  const names = new Set([...published.kept.faults, ...published.kept.ofTasks].flatMap(({ service }) => service ?? []));
  const kept = [...names].filter((name) => !served.has(name));
  const checks = kept.slice(0, mostLost).map((name) => {
    const [fault] = faultsOf(published.kept, name, stage);
    return wrong('not served', `${name} has a fault: ${fault?.says}`, fault?.next ?? '');
  });
  const more = `and ${kept.length - mostLost} more services with faults`;
  return kept.length > mostLost ? [...checks, wrong('not served', more, '`npx sluice status` shows all')] : checks;
}

/** Labels that answer before a task does, or that limit who gets to one; in HAProxy's order. */
export function labelChecks({ labels }: Pick<Backend, 'labels'>): readonly Check[] {
  const remove = 'remove the label haproxy.maintenance, and deploy the service';
  return Object.entries(words).flatMap(([key, say]) => {
    const value = labels[key];
    if (value === undefined) return [];
    return [key === 'maintenance' ? wrong(key, say(value), remove) : fine(key, say(value))];
  });
}

const words: Readonly<Record<string, (value: string) => string>> = {
  maintenance: (value) => (value === 'on' ? 'every visitor gets 503' : `visitors get 503, but for ${shortened(value)}`),
  deny: (value) => `visitors from ${shortened(value)} get 403`,
  allow: (value) => `only visitors from ${shortened(value)} may enter; others get 403`,
  redirect: (value) => `HAProxy itself answers: 308 to ${value.includes('/') ? value : `the same path of ${value}`}`,
  rate: (value) => `a client may make ${value.replace('/', ' requests in ')}; then it gets 429`,
  auth: (value) => `visitors need a login of the secret ${value.replace(/\..*/, '')}; without one they get 401`,
};

function shortened(list: string): string {
  const all = list.split(',');
  return all.length > 3 ? `${all.slice(0, 3).join(', ')} and ${all.length - 3} more` : all.join(', ');
}

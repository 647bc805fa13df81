/*
 * Traefik with its file provider, as its documents configure it (Traefik: File; EntryPoints; Routers; TLS certificates).
 * Written from these documents, and never run: no binary could be had where this bench was written.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Configuration } from '../configurations';
import type { Seat, Stand } from '../stand';
import { type Peer, type Service, said } from './peer';

const binary = process.env.TRAEFIK;

export const traefik: Peer = {
  name: 'Traefik',
  version: () => (binary === undefined ? undefined : /^Version:\s+(\S+)/m.exec(said(binary, 'version') ?? '')?.[1]),
  absent: 'Traefik needs a binary that TRAEFIK names',
  setting: 'Traefik has its file provider, the defaults of its routers and services, and writes no access log.',
  configuration: (stand, name, service): Configuration => ({
    command: (seat, run) => {
      const [file, dynamic] = [join(run, `${name}.yml`), join(run, `${name}-dynamic.yml`)];
      writeFileSync(file, JSON.stringify(staticOf(seat, dynamic)));
      writeFileSync(dynamic, JSON.stringify(dynamicOf(stand, service)));
      return [binary ?? 'traefik', `--configfile=${file}`];
    },
    environment: () => ({}),
  }),
};

/** JSON is YAML, which Traefik reads from a file whose name ends so. */
const staticOf = (seat: Seat, dynamic: string) => ({
  global: { checkNewVersion: false, sendAnonymousUsage: false },
  log: { level: 'ERROR' },
  entryPoints: {
    web: { address: `${seat.host}:${seat.http}` },
    websecure: { address: `${seat.host}:${seat.https}` },
  },
  providers: { file: { filename: dynamic } },
});

const dynamicOf = ({ certificate }: Stand, { hosts, path, tasks }: Service) => {
  const rule = (host: string, prefix?: string) =>
    `Host(\`${host}\`)${prefix === undefined ? '' : ` && PathPrefix(\`${prefix}\`)`}`;
  const rules = hosts.flatMap((host) => [rule(host), ...(path === undefined ? [] : [rule(host, path)])]);
  const routers = rules.flatMap((rule, index) => [
    [`clear-${index}`, { rule, service: 'tasks', entryPoints: ['web'] }],
    [`tls-${index}`, { rule, service: 'tasks', entryPoints: ['websecure'], tls: {} }],
  ]);
  return {
    http: {
      routers: Object.fromEntries(routers),
      services: { tasks: { loadBalancer: { servers: tasks.map((task) => ({ url: `http://${task}` })) } } },
    },
    tls: { certificates: [{ certFile: certificate, keyFile: certificate }] },
  };
};

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { World } from '../../local/world';
import { haproxy, haproxyVersion } from '../../real/haproxy';
import { freePorts, listens, ownAddress } from '../../real/loopback';
import type { Processes } from '../../real/processes';
import { type Resolver, srvName } from './resolver';
import { services } from './services';

/** A proxy in front of the tasks, and how it learns of them. */
export type Way = {
  readonly name: string;
  readonly origin: string;
  readonly program: string;
  /** The latest moment after a stop order at which it must know of it, in milliseconds. */
  readonly knowsAfterMs: number;
  readonly isOurs?: boolean;
};

/** Beyond what AWS, a TTL or a poll takes. */
export const marginMs = 2_000;

export const sluice = ({ proxy, controlPlaneDelayMs }: World): Way => ({
  name: 'Sluice',
  origin: `http://${proxy.http.host}:${proxy.http.port}`,
  program: `HAProxy ${proxy.haproxyVersion}`,
  knowsAfterMs: controlPlaneDelayMs + marginMs,
  isOurs: true,
});

export const seedName = (ttlSeconds: number): string => `Cloud Map, TTL ${ttlSeconds} s`;

/** The seed's way: HAProxy asks a resolver for SRV records once a second, its default (HAProxy: resolvers; server-template). */
export async function startSeed(processes: Processes, resolver: Resolver, ttlSeconds: number): Promise<Way> {
  const host = ownAddress();
  const [port = 0] = await freePorts(host, 1);
  const file = join(processes.folder, `seed-${ttlSeconds}.cfg`);
  writeFileSync(file, seedConfiguration(`${host}:${port}`, resolver.at, ttlSeconds));
  const lines: string[] = [];
  processes.launch([haproxy, '-db', '-f', file], { environment: {}, onLine: (line) => lines.push(line) });
  if (!(await listens({ host, port }, 10_000)))
    throw new Error(`HAProxy with server-template did not start: ${lines.join('\n')}`);
  return {
    name: seedName(ttlSeconds),
    origin: `http://${host}:${port}`,
    program: `HAProxy ${haproxyVersion()}, server-template`,
    knowsAfterMs: ttlSeconds * 1_000 + 1_000 + marginMs,
  };
}

/** `resolve-opts allow-dup-ip`: tasks on one host have its address, at different ports. */
const seedConfiguration = (bind: string, nameserver: string, ttlSeconds: number): string => `global
    maxconn 2000

resolvers vpc
    nameserver dns ${nameserver}
    accepted_payload_size 8192
    hold valid 10s

defaults
    mode http
    balance roundrobin
    option redispatch
    retries 3
    timeout connect 5s
    timeout client 50s
    timeout server 50s

frontend http
    bind ${bind}
${services.map(({ name, host }) => `    use_backend ${name} if { hdr(host) -i ${host} }`).join('\n')}
${services
  .map(
    ({ name }) => `
backend ${name}
    option httpchk GET /health
    server-template task 20 ${srvName({ service: name, ttlSeconds })} resolvers vpc resolve-opts allow-dup-ip resolve-prefer ipv4 init-addr none check
`,
  )
  .join('')}`;

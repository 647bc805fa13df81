import { setTimeout as pause } from 'node:timers/promises';

import { request } from './http';
import { currentWorker, type Haproxy } from './master';
import { runningServers } from './membership';
import type { RunningServer } from './replies';

/** How long a service's first passed check is waited for; one that is really down must not hold up all others. */
const checkMilliseconds = 10_000;

/**
 * Why HAProxy on this machine cannot take over yet, or nothing: it answers by HTTP, and each service that has tasks has one
 * that passed its check. A service that has none after ten seconds is not waited for.
 */
export async function notServing(haproxy: Haproxy, http: string): Promise<string | undefined> {
  const url = `http://${http.replace(/^(\*|0\.0\.0\.0)?:/, '127.0.0.1:')}/`;
  const answer = await request(url, 0, { headers: { host: 'claim.invalid' } }).catch((error: Error) => error);
  if (answer instanceof Error) return `HAProxy does not answer here: ${answer.message}; see "journalctl -u haproxy"`;
  for (const end = performance.now() + checkMilliseconds; performance.now() < end; await pause(100)) {
    const worker = await currentWorker(haproxy);
    if (!worker) return 'HAProxy has ended again; see "journalctl -u haproxy"';
    if (downBackends(await runningServers(haproxy, worker)).length === 0) break;
  }
  return undefined;
}

/** Those with tasks of which none has passed its check. */
const downBackends = (servers: readonly RunningServer[]): readonly string[] => {
  const up = new Set(servers.filter((server) => server.admitted && server.up).map(({ backend }) => backend));
  const meant = new Set(servers.filter((server) => server.admitted).map(({ backend }) => backend));
  return [...meant].filter((backend) => !up.has(backend));
};

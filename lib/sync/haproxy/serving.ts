import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

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
  const fault = await answer(http.replace(/^(\*|0\.0\.0\.0)?:/, '127.0.0.1:'));
  if (fault) return `HAProxy does not answer here: ${fault}; see "journalctl -u haproxy"`;
  for (const end = performance.now() + checkMilliseconds; performance.now() < end; await pause(100)) {
    const worker = await currentWorker(haproxy);
    if (!worker) return 'HAProxy has ended again; see "journalctl -u haproxy"';
    if (downBackends(await runningServers(haproxy, worker)).length === 0) break;
  }
  return undefined;
}

/** HAProxy answers it by 400 before it looks at any route, with the configuration of any release: no service is asked. */
const noRequest = 'sluice\r\n\r\n';
const answerMilliseconds = 4_000;

/** Why nobody answers by HTTP at an address, or nothing. */
const answer = (address: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const [, host = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
    const socket = connect({ host, port: Number(port) });
    const end = (fault?: string) => {
      clearTimeout(late);
      socket.destroy();
      resolve(fault && `${address}: ${fault}`);
    };
    const late = setTimeout(() => end(`no answer within ${answerMilliseconds} ms`), answerMilliseconds);
    socket
      .on('data', (data) => end(data.toString('latin1').startsWith('HTTP/') ? undefined : 'the answer is not HTTP'))
      .on('end', () => end('it hung up'))
      .on('error', (error) => end(error.message))
      .write(noRequest);
  });

/** Those with tasks of which none has passed its check. */
const downBackends = (servers: readonly RunningServer[]): readonly string[] => {
  const up = new Set(servers.filter((server) => server.admitted && server.up).map(({ backend }) => backend));
  const meant = new Set(servers.filter((server) => server.admitted).map(({ backend }) => backend));
  return [...meant].filter((backend) => !up.has(backend));
};

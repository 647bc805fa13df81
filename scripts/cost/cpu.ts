import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { cpus } from 'node:os';

import type { World } from '../local/world';
import type { Calls } from './calls';

/** A small request with a small answer, over TLS: on a connection that is kept, and on a new one each time. */
export async function cpuPerRequest(proxy: World['proxy'], host: string, requests: number): Promise<Calls['cpu']> {
  const ask = (agent: Agent) =>
    new Promise<void>((resolve, reject) => {
      const { host: address, port } = proxy.https;
      const asking = { host: address, port, agent, servername: host, rejectUnauthorized: false, headers: { host } };
      request({ ...asking, path: '/' }, (response) => response.resume().on('end', resolve).on('error', reject))
        .on('error', reject)
        .end();
    });
  const measured = async (count: number, keepAlive: boolean): Promise<number> => {
    const agent = new Agent({ keepAlive, maxSockets: 4, maxCachedSessions: 0 });
    const before = cpuMicroseconds(await proxy.pid());
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        for (let n = 0; n < count / 4; n++) await ask(agent);
      }),
    );
    agent.destroy();
    return Math.round((cpuMicroseconds(await proxy.pid()) - before) / count);
  };
  const keptConnection = await measured(requests, true);
  const newTlsConnection = await measured(requests / 4, false);
  return { machine: cpus()[0]?.model ?? 'unknown', keptConnection, newTlsConnection };
}

/** User and system time of a process (proc(5), fields 14 and 15 of stat). */
function cpuMicroseconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6;
}

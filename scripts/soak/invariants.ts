import { request } from 'node:http';
import { connect } from 'node:tls';

import { wantedServers } from '../../lib/haproxy/backend';
import { mapLines } from '../../lib/haproxy/map';
import { describedStructure, type File } from '../../lib/haproxy/render';
import { mapName } from '../../lib/haproxy/sections';
import { readInstalled } from '../../lib/sync/disk/installed';
import { parseServersState } from '../../lib/sync/replies';
import type { Instance } from '../proxy/instance';
import type { Task } from './cluster';

/** What a generation promises, beside its files. */
export type Promised = {
  readonly number: number;
  readonly files: readonly File[];
  /** By `<host><path>`: the service that serves it, `undefined` where nothing does. */
  readonly routes: readonly (readonly [host: string, path: string, service: string | undefined])[];
  /** By host: the serial that a client is shown. */
  readonly serials: ReadonlyMap<string, string>;
};

/** After a sync has ended: says in words what is not as it was published. */
export async function notAsPublished(proxy: Instance, { number, files }: Promised): Promise<readonly string[]> {
  const wrong: string[] = [];
  const compare = (what: string, found: readonly string[], wanted: readonly string[]) => {
    const lacks = wanted.filter((each) => !found.includes(each));
    const more = found.filter((each) => !wanted.includes(each));
    if (lacks.length + more.length > 0)
      wrong.push(
        `generation ${number}: ${what}: lacks ${lacks.join(', ') || 'nothing'}; has besides ${more.join(', ') || 'nothing'}`,
      );
  };
  const structure = (text: string) => [describedStructure(text) ?? 'none'];
  const all = files.map(({ text }) => text).join('\n');
  compare('the process runs another structure', structure(await proxy.worker('show info')), structure(all));
  const running = parseServersState(await proxy.worker('show servers state')).filter(({ admitted }) => admitted);
  compare('the process has other servers', running.map(placeOf), wantedServers(files).map(placeOf));
  const map = await proxy.worker(`show map ${proxy.path.live}/haproxy/${mapName}`);
  const entries = Array.from(map.matchAll(/^0x[0-9a-f]+ ([^.].*?) *$/gm), ([, line = '']) => line);
  compare('the process has other routes', entries, mapLines(files.find(({ name }) => name === mapName)?.text ?? ''));
  const installed = readInstalled(proxy.path.live)?.files ?? [];
  const texts = (some: readonly File[]) => some.map(({ name, text }) => `${name} ${text}`);
  if (texts(installed).sort().join() !== texts(files).sort().join())
    wrong.push(`generation ${number}: the files on the disk are not those that were published`);
  return wrong;
}

const placeOf = ({ backend, name, address, port }: { backend: string; name: string; address: string; port: number }) =>
  `${backend}/${name} ${address}:${port}`;

/** Asks for a route; returns what is wrong with the answer. `undefined` where nothing is. */
export async function wrongRoute(
  proxy: Instance,
  [host, path, service]: Promised['routes'][number],
): Promise<string | undefined> {
  const { status, by } = await askRoute(proxy, host, path);
  const found = status === 404 && by === undefined ? undefined : (by ?? `status ${status}`);
  return found === service
    ? undefined
    : `${host}${path} is published ${service === undefined ? 'for no service' : `for ${service}`}, and answered by ${found ?? '404'}`;
}

function askRoute({ host: address, http }: Instance, host: string, path: string) {
  return new Promise<{ readonly status: number; readonly by?: string }>((resolve) => {
    const options = { host: address, port: http, path, agent: false as const, headers: { host, 'x-soak': 'route' } };
    request({ ...options, timeout: 10_000 }, (incoming) => {
      const by = incoming.headers['x-service'];
      incoming
        .resume()
        .on('close', () => resolve({ status: incoming.statusCode ?? 0, ...(typeof by === 'string' && { by }) }));
    })
      .on('timeout', function (this: { destroy: () => void }) {
        this.destroy();
      })
      .on('error', () => resolve({ status: 0 }))
      .end();
  });
}

/** The serial in the proxy's handshake for a name. */
export const servedSerial = ({ host, https }: Instance, servername: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect({ host, port: https, servername, rejectUnauthorized: false, timeout: 10_000 }, () => {
      resolve(socket.getPeerX509Certificate()?.serialNumber ?? 'none');
      socket.destroy();
    });
    socket.on('error', ({ message }) => resolve(message)).on('timeout', () => socket.destroy(new Error('no answer')));
  });

/** Laws about single tasks, with what was seen until now. */
export function servedAfterItsOrder(tasks: readonly Task[], youngest: ReadonlyMap<string, number>): readonly string[] {
  return tasks.flatMap(({ id, leftAt, service }) => {
    const late = (youngest.get(id) ?? 0) - (leftAt ?? Number.POSITIVE_INFINITY);
    return late > 0
      ? [`task ${id} of ${service} answered a request that began ${late} ms after the proxy knew that it leaves`]
      : [];
  });
}

/**
 * A request came before the task had passed a check. It was meant for the task that had this port before, if the proxy could not know yet
 * that that one had gone.
 */
export function isMeantForFormer(task: Task, tasks: readonly Task[], at: number): boolean {
  return tasks.some(
    (other) =>
      other !== task &&
      other.port === task.port &&
      other.knownAt !== undefined &&
      (other.leftAt ?? at) >= at - readLateMs,
  );
}

/** What HAProxy sent before the task left lies so long at most in the socket of its successor. */
const readLateMs = 250;

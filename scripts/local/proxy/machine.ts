import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { haproxy } from '../../real/haproxy';
import { type Address, freePorts, ownAddress } from '../../real/loopback';
import { type Process, type Processes, pathOfProxy } from '../../real/processes';

export type Ports = { readonly http: number; readonly https: number; readonly statistics: number };

/** Three free ports of an address. */
export async function portsAt(host: string): Promise<Ports> {
  const [http = 0, https = 0, statistics = 0] = await freePorts(host, 3);
  return { http, https, statistics };
}

type Variables = Readonly<Record<string, string>>;

/**
 * A machine without root: its disk is a folder, which absolute paths of unit files and cloud-config mean, and its own address
 * is one of loopback. What runs on it finds both in its environment.
 */
export async function machine(id: string, processes: Processes, surroundings: Variables) {
  const disk = join(processes.folder, id);
  /** Puts the machine's disk before a path, or before the path in `NAME=path`. */
  const located = (word: string): string => word.replace(/^(\w+=)?(?=\/(etc|run|var)\/)/, `$1${disk}`);
  mkdirSync(located('/run/haproxy'), { recursive: true });
  mkdirSync(located('/etc/haproxy'), { recursive: true });
  const host = ownAddress();
  const addresses = addressesAt(host, await portsAt(host));
  const environment = { ...surroundings, ...environmentOf(disk, located, addresses) };
  const lines: { readonly at: number; readonly text: string }[] = [];
  return {
    ...{ id, disk, located, environment, addresses },
    /** The last 500 lines of the console. */
    console: lines as readonly (typeof lines)[number][],
    write: (text: string): void => {
      lines.push({ at: Date.now(), text });
      if (lines.length > 500) lines.shift();
    },
    launch: (argv: readonly string[], more: Variables, onLine: (line: string) => void): Process =>
      processes.launch(argv, { cwd: disk, environment: { ...environment, ...more }, onLine }),
    store: (file: string, text: string, mode: number): void => {
      mkdirSync(dirname(located(file)), { recursive: true });
      writeFileSync(located(file), text, { mode });
    },
  };
}

export const addressesAt = (
  host: string,
  { http, https, statistics }: Ports,
): Readonly<Record<keyof Ports, Address>> => ({
  http: { host, port: http },
  https: { host, port: https },
  statistics: { host, port: statistics },
});

export type Machine = Awaited<ReturnType<typeof machine>>;

const environmentOf = (
  disk: string,
  located: (path: string) => string,
  { http, https, statistics }: Readonly<Record<keyof Ports, Address>>,
): Variables => ({
  // The stand-ins for apt-get and systemctl come first.
  PATH: `${join(__dirname, 'bin')}:${pathOfProxy}`,
  HOME: disk,
  HAPROXY: haproxy,
  SLUICE_MACHINE: disk,
  SLUICE_HOME: located('/var/lib/sluice'),
  SLUICE: located('/etc/haproxy/sluice'),
  SLUICE_RUN: located('/run/haproxy'),
  SLUICE_MASTER: located('/run/haproxy-master.sock'),
  SLUICE_HTTP: `${http.host}:${http.port}`,
  SLUICE_HTTPS: `${https.host}:${https.port}`,
  SLUICE_STATISTICS: `${statistics.host}:${statistics.port}`,
  SLUICE_UNPRIVILEGED: '1',
});

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Address, freePorts, ownAddress } from '../api/loopback';
import { type Process, type Processes, path } from '../processes';
import { haproxy } from './haproxy';

export type Ports = { readonly http: number; readonly https: number; readonly statistics: number };

/** A line that a machine wrote on its console. */
export type Line = { readonly at: number; readonly text: string };

/**
 * A machine without root: its disk is a folder, which absolute paths of unit files and cloud-config mean, and its own address
 * is one of loopback. What runs on it hears of both by its environment.
 */
export async function machine(id: string, processes: Processes, surroundings: Readonly<Record<string, string>>) {
  const disk = join(processes.folder, id);
  /** A path as the machine means it, or a word that holds one. */
  const located = (word: string): string => word.replace(/^(\w+=)?(?=\/(etc|run|var)\/)/, `$1${disk}`);
  mkdirSync(located('/run/haproxy'), { recursive: true });
  mkdirSync(located('/etc/haproxy'), { recursive: true });

  const host = ownAddress();
  const [http = 0, https = 0, statistics = 0] = await freePorts(host, 3);
  const address = (port: number): Address => ({ host, port });
  const environment: Readonly<Record<string, string>> = {
    ...surroundings,
    // The stand-ins for apt-get and systemctl come first.
    PATH: `${join(__dirname, 'bin')}:${path}`,
    HOME: disk,
    HAPROXY: haproxy,
    SLUICE_MACHINE: disk,
    SLUICE_HOME: located('/var/lib/sluice'),
    SLUICE: located('/etc/haproxy/sluice'),
    SLUICE_RUN: located('/run/haproxy'),
    SLUICE_MASTER: located('/run/haproxy-master.sock'),
    SLUICE_HTTP: `${host}:${http}`,
    SLUICE_HTTPS: `${host}:${https}`,
    SLUICE_STATISTICS: `${host}:${statistics}`,
    SLUICE_UNPRIVILEGED: '1',
  };

  const lines: Line[] = [];
  return {
    id,
    disk,
    located,
    environment,
    addresses: { http: address(http), https: address(https), statistics: address(statistics) },
    /** What the machine said, the last 500 lines. */
    console: lines as readonly Line[],
    write: (text: string): void => {
      lines.push({ at: Date.now(), text });
      if (lines.length > 500) lines.shift();
    },
    launch: (
      argv: readonly string[],
      more: Readonly<Record<string, string>>,
      onLine: (line: string) => void,
    ): Process => processes.launch(argv, { cwd: disk, environment: { ...environment, ...more }, onLine }),
    store: (file: string, text: string, mode: number): void => {
      mkdirSync(dirname(located(file)), { recursive: true });
      writeFileSync(located(file), text, { mode });
    },
  };
}

export type Machine = Awaited<ReturnType<typeof machine>>;

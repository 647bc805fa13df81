import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type File, render } from '../../lib/haproxy/render';
import { host } from './load';
import type { Seat, Stand } from './stand';

/** What HAProxy is started with: a file or a folder, and the variables that it reads. */
export type Configuration = {
  readonly path: string;
  readonly environment: (seat: Seat, run: string) => Readonly<Record<string, string>>;
};

export const reference = ({ certificate, task }: Stand): Configuration => ({
  path: join(__dirname, 'reference.cfg'),
  environment: (seat) => ({
    BENCH_HTTP: `${seat.host}:${seat.http}`,
    BENCH_HTTPS: `${seat.host}:${seat.https}`,
    BENCH_CERTIFICATE: certificate,
    BENCH_TASK: `${task.host}:${task.port}`,
  }),
});

/** One service with one route and one task. A certificate for another name, so that the line of its redirect is there too. */
export const sluiceFiles = ({ task }: Stand): readonly File[] =>
  render({
    certified: ['www.example.com'],
    backends: [
      {
        name: 'demo.shop',
        cluster: 'demo',
        service: 'shop',
        container: 'web',
        port: 8080,
        routes: [{ host, path: '/', since: 100 }],
        labels: {},
        servers: [{ name: '0123456789abcdef0123456789abcdef', address: task.host, port: task.port }],
        stopped: {},
        warned: {},
      },
    ],
  });

/** As on an instance, in a folder of this name; only the addresses, and the user that it runs as, are others. */
export function sluice({ folder }: Stand, name: string, files: readonly File[]): Configuration {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  for (const file of files) writeFileSync(join(path, file.name), file.text);
  return {
    path,
    environment: (seat, run) => ({
      SLUICE: folder,
      SLUICE_RUN: run,
      SLUICE_HTTP: `${seat.host}:${seat.http}`,
      SLUICE_HTTPS: `${seat.host}:${seat.https}`,
      SLUICE_STATISTICS: join(run, 'statistics.sock'),
      SLUICE_UNPRIVILEGED: '1',
    }),
  };
}

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Configuration } from '../configurations';
import type { Seat, Stand } from '../stand';
import { type Peer, type Service, said } from './peer';

/** Where scripts/bench/peers.sh puts it. */
const built = join(__dirname, '../../../../node_modules/.cache/peers/caddy');
const binary = process.env.CADDY ?? (existsSync(built) ? built : 'caddy');

/** Caddy: Caddyfile, "reverse_proxy", "tls", "Global options"; command line, "caddy reload". */
export const caddy: Peer = {
  name: 'Caddy',
  version: () => /^mod\s+github.com\/caddyserver\/caddy\/v2\s+v(\S+)/m.exec(said(binary, 'build-info') ?? '')?.[1],
  absent: 'Caddy does not run: "sh scripts/bench/peers.sh" builds it with Go, and CADDY may name another one',
  setting:
    "Caddy has its reverse_proxy's defaults, which set X-Forwarded-For, -Host and -Proto; it speaks HTTP/1.1 and 2, and writes no access log.",
  configuration: (stand, name, service): Configuration => ({
    command: (seat, run) => {
      writeFileSync(fileOf(run, name), textOf(stand, service, seat, run));
      return [binary, 'run', '--config', fileOf(run, name), '--adapter', 'caddyfile'];
    },
    environment: (_, run) => ({ HOME: run }),
    reload: (run) => [
      ...[binary, 'reload', '--force', '--config', fileOf(run, name), '--adapter', 'caddyfile'],
      ...['--address', `unix/${socketOf(run)}`],
    ],
  }),
};

const fileOf = (run: string, name: string): string => join(run, `${name}.caddyfile`);
const socketOf = (run: string): string => join(run, 'admin.sock');

const textOf = ({ certificate }: Stand, { hosts, path, tasks }: Service, seat: Seat, run: string): string => `{
	admin unix/${socketOf(run)}
	persist_config off
	storage file_system ${run}
	auto_https off
	default_bind ${seat.host}
	servers {
		protocols h1 h2
	}
}
(tasks) {
${path === undefined ? '' : `	handle ${path}* {\n		${proxy(tasks)}\n	}\n`}	handle {
		${proxy(tasks)}
	}
}
${hosts.map((host) => `http://${host}:${seat.http} {\n	import tasks\n}\nhttps://${host}:${seat.https} {\n	tls ${certificate} ${certificate}\n	import tasks\n}`).join('\n')}
`;

/** Of several tasks only the first one answers. */
const proxy = (tasks: readonly string[]): string =>
  `reverse_proxy ${tasks.join(' ')}${tasks.length === 1 ? '' : ' {\n			lb_policy first\n		}'}`;

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Configuration } from '../configurations';
import type { Seat, Stand } from '../stand';
import { type Peer, type Service, said } from './peer';

const binary = process.env.NGINX ?? 'nginx';

/** nginx: ngx_http_proxy_module; ngx_http_upstream_module, "keepalive"; ngx_http_ssl_module; "Server names". */
export const nginx: Peer = {
  name: 'nginx',
  version: () => /nginx\/(\S+)/.exec(said(binary, '-v') ?? '')?.[1],
  absent: 'nginx does not run: "apt-get install nginx-light" installs it, and NGINX may name another one',
  setting:
    'nginx has one worker, as its `auto` has on one core, offers TLS 1.2 and 1.3, as it does by itself since 1.23.4, keeps connections to the task, sets Host, X-Real-IP, X-Forwarded-For and X-Forwarded-Proto, and writes no access log.',
  configuration: (stand, name, service): Configuration => ({
    command: (seat, run) => {
      const file = join(run, `${name}.conf`);
      writeFileSync(file, textOf(stand, service, seat, run));
      return [binary, '-c', file, '-p', run, '-e', 'stderr'];
    },
    environment: () => ({}),
    reload: 'SIGHUP',
  }),
};

const textOf = ({ certificate }: Stand, service: Service, seat: Seat, run: string): string => `daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid ${run}/nginx.pid;
error_log stderr;
events {
    worker_connections 8000;
}
http {
    access_log off;
    keepalive_requests 1000000;
    server_names_hash_bucket_size 128;
    server_names_hash_max_size 4096;
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `    ${kind}_temp_path ${run}/${kind};`).join('\n')}
    upstream tasks {
${service.tasks.map((task) => `        server ${task};`).join('\n')}
        keepalive 32;
        keepalive_requests 1000000;
    }
    ssl_certificate ${certificate};
    ssl_certificate_key ${certificate};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:SSL:10m;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
${service.hosts.map((host) => server(host, seat, ['/', ...(service.path ? [service.path] : [])])).join('\n')}
}
`;

const server = (host: string, seat: Seat, paths: readonly string[]): string => `    server {
        listen ${seat.host}:${seat.http};
        listen ${seat.host}:${seat.https} ssl http2;
        server_name ${host};
${paths.map((path) => `        location ${path} {\n            proxy_pass http://tasks;\n        }`).join('\n')}
    }`;

import type { Backend, Route } from './backend';
import { reservedHosts } from './look';

/** `description` proves what a process runs; paths and addresses are the instance's to override, by environment. */
export const global = (structureDigest: string): string => `global
    description sluice ${structureDigest}
    log stdout format raw daemon
    maxconn 4000
    hard-stop-after 10m
    mworker-max-reloads 3
    # A reload goes on with the health that was seen last; a start knows none, and checks every task first.
.if defined(HAPROXY_MWORKER_REEXEC)
    server-state-file "\${SLUICE-/etc/haproxy/sluice}/sluice.state"
.else
    server-state-file "\${SLUICE-/etc/haproxy/sluice}/start.state"
.endif
    stats socket "\${SLUICE_RUN-/run/haproxy}/admin.sock" mode 600 level admin
    ssl-default-bind-options ssl-min-ver TLSv1.2
    ssl-default-bind-ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
.if !defined(SLUICE_UNPRIVILEGED)
    chroot /var/lib/haproxy
    user haproxy
    group haproxy
.endif

`;

const page = (status: number, title: string, advice: string): string =>
  `    http-error status ${status} content-type "text/html; charset=utf-8" string ` +
  `"<!doctype html><meta name=viewport content='width=device-width'><title>${title}</title>` +
  `<body style='font:1.1em system-ui;margin:15vh auto;max-width:32em;padding:0 1em'><h1>${title}</h1><p>${advice}</p>"`;

/** Timeouts and retries that lost no GET while tasks came and went; see docs/architecture.md. */
export const defaults = `defaults sluice-defaults
    mode http
    log global
    option httplog
    option dontlognull
    option dontlog-normal
    timeout connect 1s
    timeout client 30s
    timeout server 60s
    timeout queue 5s
    timeout check 1s
    timeout http-request 10s
    timeout http-keep-alive 5s
    timeout tunnel 1h
    option redispatch 1
    retries 2
    retry-on conn-failure empty-response
    option idle-close-on-response
    load-server-state-from-file global
${page(400, 'Bad request', 'The browser sent something that is not HTTP.')}
${page(408, 'Request timeout', 'The request took too long to arrive. Please try again.')}
${page(502, 'Bad gateway', 'The service broke off its answer. Please try again.')}
${page(503, 'Service unavailable', 'No task of this service can answer at the moment. Please try again soon.')}
${page(504, 'Gateway timeout', 'The service took too long to answer. Please try again.')}
`;

/**
 * Headers an application trusts because only the proxy may set them; servers that map `-` to `_` see both spellings, and CGI
 * takes `Proxy` for a setting. A client's `Connection` could name ours as hop-by-hop (RFC 9110, 7.6.1), to be dropped.
 */
const trusted = '^(proxy|forwarded|x[-_]forwarded[-_].*|x[-_]real[-_]ip|x[-_]request[-_]id|x[-_]ssl)$';

/** The entrance for browsers, and on loopback the one for people and Prometheus. */
export const frontends = (backends: readonly Backend[], certified: readonly string[]): string => `frontend sluice
    bind "\${SLUICE_HTTP-:80}"
    # The first is for clients without SNI, whatever else lies in the folder.
    bind "\${SLUICE_HTTPS-:443}" ssl crt "\${SLUICE-/etc/haproxy/sluice}/certificates/00-stand-in.pem" crt "\${SLUICE-/etc/haproxy/sluice}/certificates/" alpn h2,http/1.1
    http-request set-var(txn.host) req.hdr(host),host_only,lower
    http-request return status 200 content-type text/plain string "HAProxy answers." if { var(txn.host) -m str ${reservedHosts.join(' ')} }
    http-request set-var(txn.path) path,concat(/)
    http-request del-header ${trusted} -m reg
    http-request del-header Connection unless { req.hdr(Connection),lower -m sub upgrade }
    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Forwarded-Proto https if { ssl_fc }
    http-request set-header X-Forwarded-Proto http unless { ssl_fc }
    http-request set-header X-SSL %[ssl_fc]
    http-request set-header X-Request-Id %[uuid]
    http-response del-header Keep-Alive
${[...certified.map(redirect), ...routed(backends).map(useBackend), '    default_backend sluice-unknown'].join('\n')}

frontend sluice-statistics
    bind "\${SLUICE_STATISTICS-127.0.0.1:8404}"
    http-request use-service prometheus-exporter if { path /metrics }
    stats enable
    stats uri /
    stats refresh 2s

backend sluice-unknown
${page(404, 'Not found', 'No service answers to this name and path.')}
    http-request return status 404 default-errorfiles
`;

/** A certificate for `*.example.com` is good for one label before the dot (RFC 6125, 6.4.3). */
const redirect = (name: string): string => {
  const host = name.startsWith('*') ? 'var(txn.host),regsub(^[^.]*,*)' : 'var(txn.host)';
  return `    http-request redirect location https://%[var(txn.host)]%[pathq] code 308 if !{ ssl_fc } { ${host} -m str ${name} }`;
};

type Routed = Route & { readonly backend: string };

/** Exact hosts before wildcards before `*`, longer wildcards first; within a host the longest path first. */
const routed = (backends: readonly Backend[]): readonly Routed[] =>
  backends
    .flatMap((backend) => backend.routes.map((route) => ({ ...route, backend: backend.name })))
    .sort((a, b) => rank(a) - rank(b) || b.host.length - a.host.length || b.path.length - a.path.length || order(a, b));

const rank = ({ host }: Route): number => (host === '*' ? 2 : host.startsWith('*') ? 1 : 0);

const order = (a: Routed, b: Routed): number => (`${a.host}${a.path}` < `${b.host}${b.path}` ? -1 : 1);

/** `txn.path` ends in a slash, so that a prefix with one matches on segment borders: `/api/` but not `/apix/`. */
const useBackend = ({ backend, host, path }: Routed): string => {
  const hosts =
    host === '*'
      ? ''
      : host.startsWith('*')
        ? ` { var(txn.host) -m end ${host.slice(1)} }`
        : ` { var(txn.host) -m str ${host} }`;
  const paths = path === '/' ? '' : ` { var(txn.path) -m beg ${path}/ }`;
  return `    use_backend ${backend}${hosts || paths ? ' if' : ''}${hosts}${paths}`;
};

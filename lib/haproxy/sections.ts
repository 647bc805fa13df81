import { globalLimits } from './limits';
import type { StageSettings } from './stage';

/**
 * All that HAProxy looks up by host, as a map of keys and values. It is a piece of the generation like every other, and lies in the folder
 * that HAProxy reads as its configuration: `.if 0` makes it skip the entries there. A run of the sync changes HAProxy's copy without a reload.
 */
export const mapName = '20-routes.cfg';
export const mapPath = `"\${SLUICE-/etc/haproxy/sluice}/haproxy/${mapName}"`;

/** `description` proves what a process runs. The environment of the instance may override paths and addresses. */
export const global = (structureDigest: string, { minTls }: StageSettings): string => `global
    description sluice ${structureDigest}
    log stdout format raw daemon
    hard-stop-after 10m
    mworker-max-reloads 3
    # A reload keeps the health that was seen last; a start knows no health and checks every task first.
.if defined(HAPROXY_MWORKER_REEXEC)
    server-state-file "\${SLUICE-/etc/haproxy/sluice}/sluice.state"
.else
    server-state-file "\${SLUICE-/etc/haproxy/sluice}/start.state"
.endif
${globalLimits}
    stats socket "\${SLUICE_RUN-/run/haproxy}/admin.sock" mode 600 level admin
    # The option that keeps connections apart. HAProxy 3.2 applies its older name, sni, to TLS only.
.if version_atleast(3.0)
    setenv SLUICE_APART pool-conn-name
.endif
    # Sessions are kept in memory for five minutes, not in tickets: a ticket's key would be as old as the worker.
    ssl-default-bind-options ssl-min-ver TLSv${minTls} no-tls-tickets
    # Groups over finite fields cost the server 120 times as much.
    ssl-default-bind-curves X25519:P-256:P-384
    ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256
    ssl-default-bind-ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
.if !defined(SLUICE_UNPRIVILEGED)
    chroot /var/lib/haproxy
    user haproxy
    group haproxy
.endif

`;

/** With these timeouts and retries no GET is lost while tasks join and leave; see docs/architecture.md. */
export const defaults = (settings: StageSettings): string => `defaults sluice-defaults
    mode http
    log global
    option httplog
    option dontlognull
    option dontlog-normal
    timeout connect 1s
    timeout client 30s
    timeout server 60s
    timeout queue 2s
    timeout check 1s
    timeout http-request 10s
    timeout http-keep-alive 5s
    timeout tunnel 1h
    # A client that left frees its place. 2.6 and 2.8 need this in the frontend too.
    option abortonclose
    option redispatch 1
    # Where half of the tasks exit at once, a GET may meet several of them in a row. The fourth try saves two of three that failed.
    retries 3
    retry-on conn-failure empty-response
    option idle-close-on-response
    load-server-state-from-file global
${[400, 408, 502, 503, 504].map((status) => page(status, settings)).join('\n')}
`;

type Page = { readonly title: string; readonly advice: string; readonly headers?: string };

/** What HAProxy itself answers to visitors. resources/settings/pages.cjs has the statuses too: CommonJS cannot import TypeScript. */
const builtIn: Readonly<Record<number, Page>> = {
  400: {
    title: 'Bad request',
    advice: 'The request is not valid HTTP, or it has more headers than this server accepts.',
  },
  404: { title: 'Not found', advice: 'Nothing is served at this name and path.' },
  408: { title: 'Request timeout', advice: 'The request took too long to arrive. Please try again.' },
  502: {
    title: 'Bad gateway',
    advice:
      'This site is temporarily unavailable: it broke off its answer, or it sent more headers than this server accepts. Please try again.',
  },
  503: {
    title: 'Service unavailable',
    advice: 'This site is temporarily unavailable. Please try again soon.',
    headers: ' hdr Retry-After 1',
  },
  504: {
    title: 'Gateway timeout',
    advice: 'This site is temporarily unavailable: it took too long to answer. Please try again.',
  },
};

export const page = (status: number, { errorPages }: StageSettings): string => {
  const { title = '', advice = '', headers = '' } = builtIn[status] ?? {};
  const text =
    errorPages[status] ??
    `<!doctype html><meta name=viewport content='width=device-width'><title>${title}</title>` +
      `<body style='font:1.1em system-ui;margin:15vh auto;max-width:32em;padding:0 1em'><h1>${title}</h1><p>${advice}</p>`;
  return `    http-error status ${status} content-type "text/html; charset=utf-8"${headers} string "${quoted(text)}"`;
};

/** As text between double quotes, where HAProxy replaces variables, and a line must end (HAProxy: configuration manual, 2.2). */
const quoted = (text: string): string =>
  text
    .replace(/[\\"$]/g, '\\$&')
    .replace(/[^ -~\u0080-\u{10ffff}]/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);

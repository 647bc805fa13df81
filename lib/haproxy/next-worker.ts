/**
 * A worker that a reload left behind still gets the next request of each connection that it has. It knows nothing of later changes, and HAProxy lets
 * nobody change its servers. So it passes the request on to the worker that serves now: with the client's address (PROXY protocol, version 2), and
 * over TLS if it came over TLS.
 */
const names = { plain: 'sluice-next', tls: 'sluice-next-tls' };

/** No service has such a name, because a service's has a dot. */
export const isNext = (backend: string): boolean => Object.values(names).includes(backend);

export const passOn = `use_backend ${names.plain}%[ssl_fc,iif(-tls,)] if { stopping }`;

/** Abstract sockets need no port, and lie in no folder, which a chroot would hide. */
const socketOf = (name: string): string => `"abns@\${SLUICE_RUN-/run/haproxy}/${name}"`;

export const nextBinds: readonly string[] = [
  '# For the requests that a worker passes on after a reload.',
  `bind ${socketOf(names.plain)} accept-proxy`,
  `bind ${socketOf(names.tls)} accept-proxy ssl crt "\${SLUICE-/etc/haproxy/sluice}/certificates/00-stand-in.pem"`,
];

/** Four spaces before `server` mark a task's (backend.ts), for earlier releases too, so this one has six. */
const backend = (name: string, options: string): string => `backend ${name}
    # The worker that serves knows better how long an answer may take.
    timeout server 1h
    http-reuse never
    http-request disable-l7-retry unless { method GET HEAD OPTIONS }
      server next ${socketOf(name)} ${options}`;

export const nextBackends = [
  backend(names.plain, 'send-proxy-v2'),
  backend(names.tls, 'send-proxy-v2 ssl verify none'),
].join('\n\n');

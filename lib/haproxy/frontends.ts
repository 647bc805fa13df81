import type { Backend } from './backend';
import { counters, entranceLimits } from './limits';
import { routingRules } from './map';
import { nextBackends, nextBinds } from './next-worker';
import { page } from './sections';
import type { StageSettings } from './stage';

/** The host of probes. HAProxy answers it before any route, and no label can claim it. */
export const askedHost = 'sluice-asks.invalid';

/** 0.1.0 probed with the second one. */
export const reservedHosts: readonly string[] = [askedHost, 'claim.invalid'];

/** A host name, perhaps a dot, and a port (RFC 9110, 7.2; RFC 1035, 2.3.4 for the length). Docker names services with `_`. */
const label = '[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?';
export const hostGrammar = `^${label}(\\.${label}){0,20}\\.?(:[0-9]{1,5})?$`;

/** A trailer with the name of a header that the task trusts, in either spelling. */
const trustedTrailer = '(proxy|forwarded|x[-_](forwarded[-_].*|real[-_]ip|request[-_]id|ssl))';

const plain = (status: number, words: string): string =>
  `return status ${status} content-type text/plain string "${words}"`;

/**
 * Rules for every request; each look into its headers costs CPU, so there are few, and they come before headers are added. They refuse
 * what would end the inspection of HTTP: CONNECT, and an Upgrade to anything but WebSocket (an extended CONNECT of HTTP/2, RFC 8441, which
 * HAProxy turns into a GET with an Upgrade). Over HTTP/1.1 they drop such an Upgrade (RFC 9110, 7.8), because clients offer h2c unasked. A
 * client's Connection could name our headers as hop-by-hop (RFC 9110, 7.6.1), and many servers read `_` in a name as `-`. `add-header` is
 * cheaper than `set-header`, and safe for what was just removed.
 */
const requestRules = `    option http-restrict-req-hdr-names delete
    http-request ${plain(405, 'CONNECT and TRACE are not served here.')} if { method CONNECT TRACE }
    http-request set-var(txn.host) req.fhdr(Host),lower
    http-request ${plain(400, 'The request names no valid host.')} unless { var(txn.host) -m reg ${hostGrammar} }
    # HAProxy 2.6 and 3.0 read 2^64 as 0, so a task would take the next request, of any client, for the body of this one.
    http-request ${plain(400, 'The request has a length or a version that is not served here.')} if { req.hdr(Content-Length),length gt 18 } || { req.ver 0.9 }
    # An absolute URI may name a user, a scheme or a host that was not checked, or have no path.
    http-request replace-uri ^([^/?]*//[^/?]*)?/?(.*)$ /\\2 unless { url_beg / } || { fc_http_major 2 } { url_beg https:// http:// } || { method OPTIONS } { url -m str * }
    http-request set-var(txn.host) var(txn.host),host_only,rtrim(.)
    http-request return status 200 content-type text/plain string "HAProxy answers." if { var(txn.host) -m str ${reservedHosts.join(' ')} }
    http-request set-var(txn.upgrade) req.fhdr(Upgrade)
    http-request set-var(txn.websocket) bool(true) if { var(txn.upgrade) -m reg -i ^(.*,)?[[:space:]]*websocket[[:space:]]*(,.*)?$ } { method GET }
    http-request ${plain(405, 'The only upgrade that is served here is websocket.')} if { var(txn.upgrade) -m found } { fc_http_major 2 } !{ var(txn.websocket) -m bool }
    # Later releases drop trailers, announced or not: see the backends.
.if !version_atleast(3.2)
    http-request ${plain(400, 'A trailer of the request has the name of a header that only the proxy sets.')} if { req.hdr(Trailer) -m reg -i ^${trustedTrailer}$ }
.endif
    http-request del-header Connection
    http-request del-header Upgrade if { var(txn.upgrade) -m found }
    http-request set-header Upgrade websocket if { var(txn.websocket) -m bool }
    http-request set-header Connection upgrade if { var(txn.websocket) -m bool }
    http-request del-header Proxy
    http-request del-header Forwarded
    http-request del-header X-Real-IP
    http-request del-header X-Forwarded- -m beg
    option forwardfor
    http-request add-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
    http-request set-header X-SSL %[ssl_fc]
    http-request set-header X-Request-Id %[uuid]`;

export const frontends = (backends: readonly Backend[], settings: StageSettings): string => `frontend sluice
    bind "\${SLUICE_HTTP-:80}"
    # The first certificate is for clients without SNI, regardless of the other files.
    bind "\${SLUICE_HTTPS-:443}" ssl crt "\${SLUICE-/etc/haproxy/sluice}/certificates/00-stand-in.pem" crt "\${SLUICE-/etc/haproxy/sluice}/certificates/" alpn h2,http/1.1
${indented(nextBinds)}
${indented(entranceLimits(settings.trustedProxies))}
${requestRules}
    http-response del-header Keep-Alive
${indented(routingRules(backends))}

frontend sluice-statistics
    bind "\${SLUICE_STATISTICS-127.0.0.1:8404}"
    maxconn 20
    http-request use-service prometheus-exporter if { path /metrics }
    stats enable
    stats uri /
    stats refresh 2s

backend sluice-unknown
${page(404, settings)}
    http-request return status 404 default-errorfiles

${counters(settings.trustedProxies)}

${nextBackends}
`;

const indented = (rules: readonly string[]): string => rules.map((rule) => `    ${rule}`).join('\n');

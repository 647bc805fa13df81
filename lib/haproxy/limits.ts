import { clientLines } from '../edge/networks';
import { byProxy, isTrusted, visitorRules } from './visitors';

/** The limits of a t4g.nano, for a proxy that got no others at its launch. resources/limits.cjs calculates and explains them. */
export const smallest = {
  SLUICE_SOCKETS: 900,
  SLUICE_CONNECTIONS: 400,
  SLUICE_CONNECTIONS_SCARCE: 300,
  SLUICE_CONNECTIONS_OF_ADDRESS: 100,
  SLUICE_REQUESTS: 300,
  SLUICE_REQUESTS_SCARCE: 225,
  SLUICE_REQUESTS_OF_ADDRESS: 100,
  SLUICE_REQUESTS_OF_SERVICE: 160,
  SLUICE_REQUESTS_OF_SERVICE_SCARCE: 50,
  SLUICE_REQUESTS_OF_TASK: 120,
  SLUICE_STREAMS: 20,
  SLUICE_BUFFERS: 720,
  SLUICE_BUFFER_BYTES: 16384,
  SLUICE_TO_CLIENT_BYTES: 49152,
  SLUICE_FROM_CLIENT_BYTES: 32768,
  SLUICE_TO_TASK_BYTES: 32768,
  SLUICE_FROM_TASK_BYTES: 16384,
} as const;

export const limit = (name: keyof typeof smallest): string => `"\${${name}-${smallest[name]}}"`;

/** The kernel would buffer up to 4 MB for a connection that is never read, so each direction has a size. */
export const globalLimits = `    maxconn ${limit('SLUICE_SOCKETS')}
    tune.bufsize ${limit('SLUICE_BUFFER_BYTES')}
    tune.buffers.limit ${limit('SLUICE_BUFFERS')}
    tune.http.maxhdr 200
    tune.h2.max-concurrent-streams ${limit('SLUICE_STREAMS')}
    tune.sndbuf.client ${limit('SLUICE_TO_CLIENT_BYTES')}
    tune.rcvbuf.client ${limit('SLUICE_FROM_CLIENT_BYTES')}
    tune.sndbuf.server ${limit('SLUICE_TO_TASK_BYTES')}
    tune.rcvbuf.server ${limit('SLUICE_FROM_TASK_BYTES')}
    tune.ssl.cachesize 4000`;

export const busy =
  'return status 503 content-type text/plain hdr Retry-After 1 hdr Connection close string ' +
  '"Too many requests are in progress here. Please try again in a moment."';

/**
 * One HTTP/2 connection makes many requests, so an address has a share of both; above it the connection ends. All visitors of a trusted proxy
 * share its connections: each has a share of requests, by whatever version, and no connection ends.
 */
export const entranceLimits = (trusted: readonly string[]): readonly string[] => {
  const isDirect = trusted.length === 0;
  return [
    `maxconn ${limit('SLUICE_CONNECTIONS')}`,
    '# Connections that wait to be accepted cost the kernel little and HAProxy no memory.',
    'backlog 1024',
    ...(isDirect ? [] : clientLines(isTrusted, trusted.join())),
    'tcp-request connection track-sc1 src table sluice-addresses',
    `tcp-request connection reject if { sc1_conn_cur gt ${limit('SLUICE_CONNECTIONS_OF_ADDRESS')} }${isDirect ? '' : ` !${isTrusted}`}`,
    ...(isDirect ? [] : visitorRules),
    `http-request track-sc2 ${visitor(trusted)} table sluice-addresses-http2 if { fc_http_major 2 }${isDirect ? '' : ` || ${byProxy}`}`,
    'http-request track-sc0 int(0) table sluice-requests',
    ...(isDirect ? [] : [`http-request ${busy} if ${byProxy} ${overOwnShare}`]),
    `http-request reject if ${overOwnShare}`,
    `http-request ${busy} if { sc0_conn_cur gt ${limit('SLUICE_REQUESTS')} }`,
  ];
};

const overOwnShare = `{ sc2_conn_cur gt ${limit('SLUICE_REQUESTS_OF_ADDRESS')} }`;

/** Connections come by IPv4 only. A proxy's visitors may have IPv6, where one customer's line has 2^64 addresses. */
const visitor = (trusted: readonly string[]): string => (trusted.length === 0 ? 'src' : 'src,ipmask(32,64)');

/** A full table forgets entries that hold nothing, so it need not be larger than what is open at once. */
export const counters = (trusted: readonly string[]): string => `backend sluice-addresses
    stick-table type ip size ${limit('SLUICE_SOCKETS')} expire 1m store conn_cur

backend sluice-addresses-http2
    stick-table type ${trusted.length === 0 ? 'ip' : 'ipv6'} size ${limit('SLUICE_SOCKETS')} expire 1m store conn_cur

backend sluice-requests
    stick-table type integer size 1 expire 1m store conn_cur`;

const overShare = `{ be_conn gt ${limit('SLUICE_REQUESTS_OF_SERVICE')} }`;
const overSmallShare = `{ be_conn gt ${limit('SLUICE_REQUESTS_OF_SERVICE_SCARCE')} } { sc0_conn_cur gt ${limit('SLUICE_REQUESTS_SCARCE')} }`;
const keepsAScarcePlace = `{ fc_http_major 2 } { fe_conn(sluice) gt ${limit('SLUICE_CONNECTIONS_SCARCE')} }`;

/**
 * A service has a share of the requests that run and wait, and a smaller one while the requests of all services are many. A client that is
 * refused over HTTP/2 keeps its connection, so while connections are scarce the connection ends, unless it is that of a trusted proxy.
 */
export const serviceLimits = (trusted: readonly string[]): readonly string[] => {
  const ends = trusted.length === 0 ? keepsAScarcePlace : `${keepsAScarcePlace} !${byProxy}`;
  return [
    `    http-request reject if ${overShare} ${ends} || ${overSmallShare} ${ends}`,
    `    http-request ${busy} if ${overShare} || ${overSmallShare}`,
  ];
};

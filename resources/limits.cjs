// Limits of a proxy, by its instance type: no client and no service can take more, so Linux never ends a process for lack of memory.

const MB = 1024;

/** In MB (AWS: EC2 instance types). */
const burstable = { nano: 512, micro: 1024, small: 2048, medium: 4096, large: 8192, xlarge: 16384, '2xlarge': 32768 };
const vcpus = (size) => {
  if (size === 'medium') return 1;
  if (size === 'large') return 2;
  const [, times] = /^(\d*)xlarge$/.exec(size) ?? [];
  return times === undefined ? 1 : 4 * Number(times || 1);
};
/** GB for each vCPU, by the first letter of the family; no family has less than two (a1, c, g5g). */
const perVcpu = { m: 4, r: 8, x: 16 };

/** The memory of a type, in MB; for an unknown type, the least that one of its size has. */
function memoryOf(type) {
  const [family, size] = type.split('.');
  if (/^t\d/.test(family) && burstable[size]) return burstable[size];
  if (size === 'nano' || size === 'micro' || size === 'small') return burstable[size];
  const letter = /^([mrx])\d/.exec(family)?.[1];
  return 1024 * vcpus(size) * (perVcpu[letter] ?? 2);
}

/** In kB, each measured with HAProxy 2.6 and the sync of this repository; test/resources/limits.test.ts adds them up. */
const cost = {
  // MEMORY, ASSUMED: the kernel's own part of 512 MB, Ubuntu 24.04's services with snapd, and the SSM agent.
  system: 252 * MB,
  // The sync, one at a time (flock): 49 MB, and 6 of the HAProxy that checks its configuration.
  sync: 55 * MB,
  master: 3 * MB,
  // A worker with one service takes 4.3 MB, each server with its share of a service 8 kB more: room for 400 tasks.
  worker: 7.5 * MB,
  // TLS with HTTP/2, its sockets in the kernel, and a TLS record that lacks its last byte.
  connection: 47,
  // A request in progress, its connection to the task, and the socket of that.
  request: 7.5,
};
/** The serving worker, and three that earlier reloads left behind (mworker-max-reloads), all at their limit. */
const workers = 4;
/** The kernel gives all TCP buffers together at most 3/32 of what it found free at its start (Linux: tcp_init_mem, net.ipv4.tcp_mem). */
const sockets = (memory) => Math.ceil(((memory - 64) * MB * 3) / 32);
/** Nine requests in progress for ten connections, and 18 buffers of HAProxy's. */
const perConnection = (bufferKB) => cost.connection + 0.9 * cost.request + 1.8 * bufferKB;
/** A connection, and what its requests and the tables need: HAProxy takes four for each, of LimitNOFILE's 65536. */
const mostConnections = 14_000;

/** The memory that one worker may take, in kB. */
function share(memory) {
  return Math.floor((memory * MB - cost.system - cost.sync - cost.master - sockets(memory)) / workers);
}

/** The limits of an instance type, as the proxy's configuration names them (lib/haproxy/limits.ts). */
function limits(type) {
  const memory = memoryOf(type);
  const isSmall = memory < 1024;
  const bufferBytes = isSmall ? 16384 : 32768;
  const room = (share(memory) - cost.worker) / perConnection(bufferBytes / 1024);
  const connections = Math.min(mostConnections, Math.floor(room / 40) * 40);
  const part = (fraction) => Math.floor(connections * fraction);
  const socketBytes = 16384 * Math.min(4, Math.max(1, Math.floor(memory / 512)));
  return {
    SLUICE_SOCKETS: 2 * connections + 100,
    SLUICE_CONNECTIONS: connections,
    SLUICE_CONNECTIONS_SCARCE: part(0.75),
    SLUICE_CONNECTIONS_OF_ADDRESS: part(0.25),
    SLUICE_REQUESTS: part(0.75),
    SLUICE_REQUESTS_SCARCE: part(0.5625),
    SLUICE_REQUESTS_OF_ADDRESS: part(0.25),
    SLUICE_REQUESTS_OF_SERVICE: part(0.4),
    SLUICE_REQUESTS_OF_SERVICE_SCARCE: part(0.125),
    SLUICE_REQUESTS_OF_TASK: part(0.3),
    SLUICE_STREAMS: isSmall ? 20 : 32,
    SLUICE_BUFFERS: part(1.8),
    SLUICE_BUFFER_BYTES: bufferBytes,
    // The bytes on the way in a round trip decide how fast a download is. The kernel holds twice that, and limits the sum itself.
    SLUICE_TO_CLIENT_BYTES: memory < 2048 ? 49152 : 65536,
    // With less than 32 KB an upload waits for delayed acknowledgements.
    SLUICE_FROM_CLIENT_BYTES: Math.max(32768, socketBytes),
    SLUICE_TO_TASK_BYTES: Math.max(32768, socketBytes),
    SLUICE_FROM_TASK_BYTES: socketBytes,
  };
}

/** What AWS grants all the time (aws/karpenter-provider-aws, zz_generated.bandwidth.go, read in 2026-11, from AWS's own figures). */
const megabits = { 't4g.nano': 32, 't4g.micro': 64, 't4g.small': 128, 't4g.medium': 256 };

module.exports = { cost, limits, megabits, memoryOf, sockets, workers };

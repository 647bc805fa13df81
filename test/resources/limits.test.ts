import { smallest } from '../../lib/haproxy/limits';

type Limits = Record<keyof typeof smallest, number>;
const { cost, limits, memoryOf, sockets, workers } = require('../../resources/limits.cjs') as {
  cost: Record<'system' | 'sync' | 'master' | 'worker' | 'connection' | 'request', number>;
  limits: (type: string) => Limits;
  memoryOf: (type: string) => number;
  sockets: (memory: number) => number;
  workers: number;
};

const table = [
  // type, MB, connections, of an address, requests of a service, streams, buffers, bytes of a header
  ['t4g.nano', 512, 400, 100, 160, 20, 720, 16384],
  ['t4g.micro', 1024, 1360, 340, 544, 32, 2448, 32768],
  ['t4g.small', 2048, 3480, 870, 1392, 32, 6264, 32768],
  ['t4g.medium', 4096, 7760, 1940, 3104, 32, 13968, 32768],
  ['t4g.2xlarge', 32768, 14000, 3500, 5600, 32, 25200, 32768],
  ['a1.medium', 2048, 3480, 870, 1392, 32, 6264, 32768],
  ['c7g.medium', 2048, 3480, 870, 1392, 32, 6264, 32768],
  ['c7gn.large', 4096, 7760, 1940, 3104, 32, 13968, 32768],
  ['m7g.medium', 4096, 7760, 1940, 3104, 32, 13968, 32768],
  ['r8gd.medium', 8192, 14000, 3500, 5600, 32, 25200, 32768],
  ['x2gd.medium', 16384, 14000, 3500, 5600, 32, 25200, 32768],
  ['z9g.medium', 2048, 3480, 870, 1392, 32, 6264, 32768],
  ['z9g.unheard', 2048, 3480, 870, 1392, 32, 6264, 32768],
] as const;

it.each(table)('a %s has %i MB, and the limits that go with it', (type, memory, ...expected) => {
  const found = limits(type);

  expect(memoryOf(type)).toBe(memory);
  expect([
    found.SLUICE_CONNECTIONS,
    found.SLUICE_CONNECTIONS_OF_ADDRESS,
    found.SLUICE_REQUESTS_OF_SERVICE,
    found.SLUICE_STREAMS,
    found.SLUICE_BUFFERS,
    found.SLUICE_BUFFER_BYTES,
  ]).toStrictEqual(expected);
});

it.each(table)('on a %s all that is at its limit fits in %i MB, and no limit is without the other', (type, memory) => {
  const found = limits(type);
  const buffers = Math.ceil((found.SLUICE_BUFFERS * found.SLUICE_BUFFER_BYTES) / 1024);
  const clients = found.SLUICE_CONNECTIONS * cost.connection + found.SLUICE_REQUESTS * cost.request;

  // Four workers, a sync, the system and the kernel.
  const all = cost.system + cost.sync + cost.master + sockets(memory) + workers * (cost.worker + clients + buffers);
  expect(all).toBeLessThanOrEqual(memory * 1024);
  // A socket to the client and one to the task, for each of what HAProxy makes room for; LimitNOFILE in haproxy.conf.
  expect(2 * found.SLUICE_SOCKETS).toBeLessThan(65_536);
  expect(found.SLUICE_SOCKETS).toBeGreaterThan(found.SLUICE_CONNECTIONS + found.SLUICE_REQUESTS);
  // One task that hangs leaves its service something, and one service leaves something to the others.
  expect(found.SLUICE_REQUESTS_OF_TASK).toBeLessThan(found.SLUICE_REQUESTS_OF_SERVICE);
  expect(found.SLUICE_REQUESTS_OF_SERVICE).toBeLessThan(found.SLUICE_REQUESTS_SCARCE);
  expect(found.SLUICE_CONNECTIONS_SCARCE).toBeLessThan(found.SLUICE_CONNECTIONS);
  // One address leaves buffers to the others: a request that neither reads nor is read holds six.
  expect(6 * found.SLUICE_REQUESTS_OF_ADDRESS).toBeLessThan(found.SLUICE_BUFFERS);
});

it('without limits in its environment a proxy gets those of a t4g.nano', () => {
  expect(limits('t4g.nano')).toStrictEqual(smallest);
});

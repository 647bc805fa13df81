import type { Server as HttpServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    (server as Partial<HttpServer>).closeAllConnections?.();
  }
});

/** Listens until the test ends, on a port of the system's choice, which it returns. */
export async function portOf(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

export type Ports = { readonly http: number; readonly https: number; readonly statistics: number };

/** Ports that are easy to remember, where nobody else uses them. */
export async function freePorts(): Promise<Ports> {
  return { http: await free(8080), https: await free(8443), statistics: await free(8404) };
}

/** @returns the preferred port, or any other that is free now */
export async function free(preferred: number): Promise<number> {
  const server = createServer();
  try {
    server.listen(preferred, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return free(0);
  } finally {
    server.close();
  }
}

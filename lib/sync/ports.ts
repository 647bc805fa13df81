import { createServer } from 'node:net';

import type { Address } from '../entrance/handshake';

/**
 * Binds each address for a moment. `haproxy -c` does not, and a bind that fails at a reload stops all traffic for two seconds.
 *
 * @throws when one cannot be bound; the message says which, and why.
 */
export async function probe(addresses: readonly Address[]): Promise<void> {
  for (const { host, port } of addresses) {
    await new Promise<void>((resolve, reject) => {
      const server = createServer();
      server.once('error', (cause: NodeJS.ErrnoException) => {
        const why = cause.code === 'EADDRINUSE' ? 'another program has it' : cause.code;
        reject(
          new Error(`HAProxy was not reloaded: it could not bind ${host}:${port} (${why}); what runs is kept`, {
            cause,
          }),
        );
      });
      server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
    });
  }
}

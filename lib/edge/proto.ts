import type { Label } from './label';

/**
 * A check follows the protocol of its server. No connection waits for another request: HAProxy would keep one for each call that must not be
 * repeated, because over HTTP/2 `Connection: close` does not end it. From HAProxy 3.2.10 on a refused connection is neither repeated for such a
 * call nor observed: docs/limits.md.
 */
export const proto: Label = {
  key: 'proto',
  value: '`h2c`: tasks speak HTTP/2 without TLS, as gRPC servers do',
  standard: 'tasks speak HTTP/1.1',
  right: 'h2c; without the label tasks speak HTTP/1.1',
  read: (text) => (text === 'h2c' ? text : undefined),
  server: () => 'pool-max-conn 0 proto h2',
};

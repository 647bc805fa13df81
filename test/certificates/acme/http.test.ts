import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { http, patience } from '../../../lib/certificates/acme/http';
import { reserveMs } from '../../../lib/certificates/renew';

const asked: { readonly method: string | undefined; readonly at: number }[] = [];
const server = createServer(({ method, url }, response) => {
  asked.push({ method, at: Date.now() });
  if (url !== '/hang') response.end();
});
let base: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => asked.splice(0));
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

it('asks for no more than ten nonces a second, however many are wanted at once', async () => {
  // The last is asked for after 1.4 s; on a busy machine the first may arrive late.
  await Promise.all(Array.from({ length: 15 }, () => http.head(base)));

  expect(asked).toHaveLength(15);
  expect((asked.at(-1)?.at ?? 0) - (asked[0]?.at ?? 0)).toBeGreaterThan(1_000);
});

it('a nonce and a request that hang leave half a minute of the reserve for cleaning up', async () => {
  const { waitsMs, nonceMs, answerMs } = patience;
  Object.assign(patience, { waitsMs: waitsMs.map(() => 1), nonceMs: 50, answerMs: 50 });

  await expect(http.head(`${base}/hang`)).rejects.toThrow('timeout of 50ms exceeded; the certificates that are stored');
  await expect(http.post(`${base}/hang`)).rejects.toThrow('timeout of 50ms exceeded');

  const tries = (asking: string) => asked.filter(({ method }) => method === asking).length;
  const pauses = waitsMs.reduce((all, wait) => all + wait, 0);
  const mostMs = tries('HEAD') * nonceMs + tries('POST') * answerMs + 2 * pauses;
  expect(mostMs).toBeLessThanOrEqual(reserveMs - 30_000);
});

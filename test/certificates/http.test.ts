import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { http } from '../../lib/certificates/http';

const server = createServer((_, response) => {
  asked.push(Date.now());
  response.end();
});
const asked: number[] = [];
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

it('asks for no more than ten nonces a second, however many are wanted at once', async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  await Promise.all(Array.from({ length: 12 }, () => http.head(url)));

  expect(asked).toHaveLength(12);
  expect((asked.at(-1) ?? 0) - (asked[0] ?? 0)).toBeGreaterThan(1_000);
});

import { X509Certificate } from 'node:crypto';

import { acmeStage } from './acme-stage';

jest.setTimeout(60_000);

let stage: Awaited<ReturnType<typeof acmeStage>>;
beforeAll(async () => {
  stage = await acmeStage();
});
afterAll(() => stage.stop());

it('orders an apex with its wildcard in one order, stores and announces it', async () => {
  const outcome = await stage.run([['example.com', '*.example.com']]);

  expect(outcome).toStrictEqual({
    certificates: [{ name: 'example.com', did: 'renewed', why: 'none is stored' }],
    served: 0,
  });
  const { key, chain } = stage.stored('example.com');
  const leaf = new X509Certificate(key);
  expect(leaf.subjectAltName).toBe('DNS:example.com, DNS:*.example.com');
  expect(new X509Certificate(chain).subject).toBe(leaf.issuer);
});

import { X509Certificate } from 'node:crypto';

import type { Installed } from '../../lib/sync/disk/installed';
import { orderAnew, standIn } from '../../lib/sync/pem';
import { fetchWanted } from '../../lib/sync/wanted';
import { authority } from '../system/authority';

const prefix = '/sluice/test';
const { key, chain } = authority('ca').issue(['example.com']);
const certificate = { name: 'example.com', names: ['example.com'], serial: 'A', key: 1, chain: 1 };
const stored = new Map([
  [`${prefix}/certificates/example.com/key:1`, key],
  [`${prefix}/certificates/example.com/chain:1`, chain],
]);
const installed: Installed = {
  ...{ number: 1, modified: 1, folder: '/home/1', generation: { files: [], certificates: [] }, files: [] },
  pems: [{ name: standIn, text: 'damaged' }],
};
const fetched = (now: number) =>
  fetchWanted(
    { parameters: { getAll: async () => stored }, prefix, makeStandIn: () => 'a stand-in', now },
    { number: 2, modified: 2, generation: { files: [], certificates: [certificate] } },
    installed,
  );

it('gives a client without SNI the first certificate', async () => {
  expect((await fetched(Date.now())).pems).toStrictEqual([
    { name: standIn, text: key + chain },
    { name: 'example.com.pem', text: key + chain },
  ]);
});

it('serves no certificate whose issuer’s has ended, but the stand-in where nothing else is', async () => {
  const { pems, current, faults } = await fetched(Date.parse(new X509Certificate(chain).validTo) + 1_000);

  expect(pems).toStrictEqual([{ name: standIn, text: 'a stand-in' }]);
  expect(current.generation.certificates).toStrictEqual([]);
  expect(faults).toStrictEqual([
    `the stored chain of example.com holds a certificate of CN=ca-1 that has ended; ${orderAnew('example.com')}`,
  ]);
});

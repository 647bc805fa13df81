import { setTimeout as pause } from 'node:timers/promises';

import { handshake } from '../../lib/handshake';
import { startWorld, type World } from '../../scripts/local/world';

jest.setTimeout(120_000);

let world: World;
beforeAll(async () => {
  world = await startWorld({ certificates: true, delays: { commandMs: 100, eventMs: 20 } });
});
afterAll(() => world.stop());

const served = () => handshake({ ...world.proxy.https, servername: 'sluice.test', timeoutMs: 2_000 });
async function renewals(count: number) {
  while (world.aws.runs.length < count) await pause(50);
  return world.aws.runs.slice(0, count);
}

it('a deploy is followed by a certificate that every proxy serves, with no further command', async () => {
  expect((await served()).names).not.toContain('sluice.test');

  world.aws.deployed('CREATE_COMPLETE');
  const [run] = await renewals(1);

  expect(run?.result).toStrictEqual({
    certificates: [{ name: 'sluice.test', did: 'renewed', why: 'none is stored' }],
    served: 1,
  });
  expect((await served()).names).toStrictEqual(['sluice.test', '*.sluice.test']);
});

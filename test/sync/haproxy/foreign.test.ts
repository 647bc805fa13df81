import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { listenToNew } from '../../../lib/sync/haproxy/foreign';

const columns = 'pxname,svname,status,check_status,check_code,eresp,hrsp_2xx,hrsp_4xx';

it('listens to each new task once, to a hundred at a time, and to none that is known to speak HTTP or to be out of reach', async () => {
  const home = mkdtempSync(join(tmpdir(), 'sluice-heard-'));
  let connections = 0;
  const server = createServer(() => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const servers = (states: Readonly<Record<string, string>>) => ({
    stat: [`# ${columns}`, ...Object.entries(states).map(([name, state]) => `demo.shop,${name},${state}`), ''].join(
      '\n',
    ),
    wanted: Object.keys(states).map((name) => ({
      backend: 'demo.shop',
      name,
      address: '127.0.0.1',
      port,
      options: '',
    })),
  });
  const many = servers(Object.fromEntries(Array.from({ length: 130 }, (_, n) => [`task-${n}`, 'UP,L4OK,,0,0,0'])));
  const known = servers({
    checked: 'UP,L7OK,200,0,0,0',
    asked: 'UP,L4OK,,9,1,0',
    refused: 'DOWN,* L4CON,,0,0,0',
    lost: 'DOWN,L4TOUT,,0,0,0',
  });
  const listened: number[] = [];

  for (const { stat, wanted } of [many, many, many, known]) {
    const before = connections;
    expect(await listenToNew(home, stat, wanted)).toBeUndefined();
    listened.push(connections - before);
  }

  server.close();
  rmSync(home, { recursive: true });
  expect(listened).toStrictEqual([100, 30, 0, 0]);
});

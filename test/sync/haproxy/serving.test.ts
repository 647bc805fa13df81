import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { faultyTasks } from '../../../lib/sync/haproxy/serving';
import { portOf } from '../../listening';
import { wanted, worker } from '../builders';

const header = '# pxname,svname,status,check_status,check_code,eresp,hrsp_2xx,hrsp_4xx\n';

it('listens to each new task once, to a hundred at a time, and to none that is known to speak HTTP or to be out of reach', async () => {
  const home = mkdtempSync(join(tmpdir(), 'sluice-heard-'));
  let connections = 0;
  const port = await portOf(createServer(() => connections++));
  const many = Array.from({ length: 130 }, (_, n) => [`task-${n}`, 'UP,L4OK,,0,0,0']);
  const states = { checked: 'UP,L7OK,200,0,0,0', asked: 'UP,L4OK,,9,1,0', refused: 'DOWN,* L4CON,,0,0,0' };
  const known = Object.entries({ ...states, lost: 'DOWN,L4TOUT,,0,0,0' });
  const listened: number[] = [];
  const listen = async (states: string[][]) => {
    const before = connections;
    const stat = header + states.map(([name, state]) => `web,${name},${state}\n`).join('');
    const servers = states.map(([name = '']) => wanted(name, { address: '127.0.0.1', port }));
    expect(await faultyTasks(worker({ 'show stat': stat }), home, [], servers, true)).toStrictEqual({});
    // The server accepts in this process, perhaps a moment later.
    await pause(100);
    return connections - before;
  };

  // On a busy machine a connection may take longer than the sync waits; the next round has its turn.
  do listened.push(await listen(many));
  while (listened.at(-1) !== 0 && listened.length < 20);
  listened.push(await listen(known));

  rmSync(home, { recursive: true });
  expect(Math.max(...listened)).toBeLessThanOrEqual(100);
  expect(listened.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(130);
  expect(listened.slice(-2)).toStrictEqual([0, 0]);
});

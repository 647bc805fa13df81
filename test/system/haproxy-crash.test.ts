import { readlinkSync } from 'node:fs';

import { describedStructure, render } from '../../lib/haproxy/render';
import type { Exit } from '../../scripts/real/processes';
import { ask } from './haproxy-tasks';
import { a, b, failing, host, instance, serving, standForEach, web } from './sync-stand';
import { allUp, expectWhole } from './sync-whole';
import { pause, until } from './until';

const patient = { SLUICE_PATIENCE_SECONDS: '10' };
/** Each end of HAProxy, after which it is started again. */
let ends: Exit[];

standForEach(async () => {
  ends = [];
  await serving(a);
  await allUp();
  instance.keepStarted((exit) => ends.push(exit));
});

describe('a reload whose new worker dies', () => {
  /** Ends each worker with this structure as soon as it is there, as one that crashes. */
  function crashing(structure: string) {
    const killed = new Set<number>();
    let isOn = true;
    const look = async () => {
      for (const pid of (await instance.processes()).workers) {
        if (killed.has(pid) || !(await instance.master(`@!${pid} show info`)).includes(structure)) continue;
        killed.add(pid);
        process.kill(pid, 'SIGKILL');
      }
    };
    const ended = (async () => {
      for (; isOn; await pause(5)) await look().catch(() => undefined);
    })();
    const stop = () => {
      isOn = false;
      return ended;
    };
    return { killed, stop };
  }

  it('is taken back: HAProxy starts again with what it served before, and the next sync is whole', async () => {
    const folder = readlinkSync(instance.path.live);
    const other = { ...web(a), name: 'default.api', routes: [{ host: 'api.example', path: '/', since: 1 }] };
    const backends = [web(a, b), other];
    const generation = instance.publish(backends);
    const [global] = render({ backends, certified: [] });
    const { killed, stop } = crashing(describedStructure(global?.text ?? '') ?? 'none');

    const outcome = await instance.sync(generation).finally(stop);
    const live = readlinkSync(instance.path.live);
    await until(async () => (await ask(host)).startsWith('200'));

    expect(outcome).toMatchObject(
      failing(/^HAProxy ended while it was reloaded with .* before is installed again.*journalctl/),
    );
    expect(live).toBe(folder);
    expect(killed.size).toBeGreaterThan(0);
    expect(await instance.sync(generation, patient)).toMatchObject({ code: 0 });
    await expectWhole(generation);
  });
});

it('a master that is killed alone takes its worker with it, both are started again, and a sync beside that is whole', async () => {
  const [before, generation] = [await instance.processes(), instance.publish([web(a, b)])];
  process.kill(before.master, 'SIGKILL');

  const outcome = await instance.sync(generation, patient);
  const after = await instance.processes();

  expect(ends).toStrictEqual([{ code: null, signal: 'SIGKILL' }]);
  expect(outcome).toMatchObject({ code: 0, report: { generation, changed: 'membership' } });
  expect([after.workers.length, after.workers[0] === before.workers[0]]).toStrictEqual([1, false]);
  await until(async () => (await ask(host)).startsWith('200'));
  await expectWhole(generation);
});

import { readlinkSync } from 'node:fs';

import { describedStructure, render } from '../../lib/haproxy/render';
import { ask } from './haproxy-tasks';
import { a, b, failing, host, instance, serving, standForEach, web } from './sync-stand';
import { allUp, expectWhole } from './sync-whole';
import { pause, until } from './until';

const closers: (() => unknown)[] = [];
afterEach(() => closers.splice(0).map((close) => close()));
standForEach(async () => {
  await serving(a);
  await allUp();
});

describe('a reload whose new worker dies', () => {
  /** As haproxy.service: HAProxy starts again, one second after its end, with what is installed. */
  function keepStarted() {
    let isOn = true;
    const look = async () => {
      if (
        await instance.processes().then(
          () => true,
          () => false,
        )
      )
        return;
      await pause(1_000);
      void instance.startHaproxy().catch(() => undefined);
      await pause(500);
    };
    closers.push(() => {
      isOn = false;
    });
    void (async () => {
      for (; isOn; await pause(50)) await look().catch(() => undefined);
    })();
  }

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
    closers.push(stop);
    return { killed, stop };
  }

  it('is taken back: HAProxy starts again with what it served before, and the next sync is whole', async () => {
    const folder = readlinkSync(instance.path.live);
    const backends = [
      web(a, b),
      { ...web(a), name: 'default.api', routes: [{ host: 'api.example', path: '/', since: 1 }] },
    ];
    const generation = instance.publish(backends);
    const [global] = render({ backends, certified: [] });
    const structure = describedStructure(global?.text ?? '') ?? 'none';
    const { killed, stop } = crashing(structure);
    keepStarted();

    const outcome = await instance.sync(generation);
    const live = readlinkSync(instance.path.live);
    await stop();
    await until(async () => (await instance.processes()).workers.length > 0);
    await until(async () => (await ask(host)).startsWith('200'));

    expect(outcome).toMatchObject(
      failing(/^HAProxy ended while it was reloaded with .* before is installed again.*journalctl/),
    );
    expect(live).toBe(folder);
    expect(killed.size).toBeGreaterThan(0);
    await until(async () => (await instance.sync(generation)).code === 0);
    await expectWhole(generation);
  });
});

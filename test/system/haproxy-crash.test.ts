import { readlinkSync } from 'node:fs';

import { describedStructure, render } from '../../lib/haproxy/render';
import type { Haproxy } from '../../lib/sync/haproxy/worker';
import type { Exit } from '../../scripts/real/processes';
import { ask } from './haproxy-tasks';
import { a, b, host, instance, serving, standForEach, web } from './sync-stand';
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
  /** From now on each worker with this structure ends as soon as it is there. Returns when the first one has. */
  async function crash(structure: string): Promise<void> {
    const killed = new Set<number>();
    const look = async () => {
      for (const pid of (await instance.processes()).workers) {
        if (killed.has(pid) || !(await instance.master(`@!${pid} show info`)).includes(structure)) continue;
        killed.add(pid);
        process.kill(pid, 'SIGKILL');
      }
    };
    crashing = (async () => {
      for (; isCrashing; await pause(20)) await look().catch(() => undefined);
    })();
    await until(() => killed.size > 0);
  }
  let isCrashing = true;
  let crashing: Promise<void> | undefined;

  /** Lets it happen before such a command reaches another worker than this one. */
  const before =
    (moment: RegExp, worker: number, happen: () => Promise<void>) =>
    ({ master, reload }: Haproxy): Haproxy => ({
      reload,
      master: async (command) => {
        const [, pid = worker, words = ''] = /^@!(\d+) (.*)/.exec(command) ?? [];
        if (!crashing && Number(pid) !== worker && moment.test(words)) await happen();
        return master(command);
      },
    });

  it.each([
    ['before the sync has verified it', /^show info/],
    ['after the sync has verified it', /^show servers state/],
  ])(
    '%s is taken back: HAProxy starts again with what it served before, and the next sync is whole',
    async (_, moment) => {
      [isCrashing, crashing] = [true, undefined];
      const folder = readlinkSync(instance.path.live);
      const other = { ...web(a), name: 'default.api', routes: [{ host: 'api.example', path: '/', since: 1 }] };
      const backends = [web(a, b), other];
      const generation = instance.publish(backends);
      const [global] = render({ backends, certified: [] });
      const [worker = 0] = (await instance.processes()).workers;
      const happen = () => crash(describedStructure(global?.text ?? '') ?? 'none');

      const outcome = await instance.syncHere(generation, before(moment, worker, happen)).then(JSON.stringify, String);
      const live = readlinkSync(instance.path.live);
      isCrashing = false;
      await crashing;
      await until(async () => (await ask(host)).startsWith('200'));

      expect(outcome).toMatch(/HAProxy ended while it was reloaded with .* before is installed again.*journalctl/);
      expect(live).toBe(folder);
      expect(await instance.sync(generation, patient)).toMatchObject({ code: 0 });
      await expectWhole(generation);
    },
  );
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

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

import type { Haproxy } from '../../lib/sync/haproxy/worker';
import { ask, badAnswers, keepAlive, startLoad } from './haproxy-tasks';
import { a, b, failing, host, instance, serving, standForEach, web } from './sync-stand';
import { allUp, expectWhole } from './sync-whole';
import { pause, until } from './until';

const hasty = { SLUICE_PATIENCE_SECONDS: '0.5' };
const reached = async (generation: number) => {
  expect(await instance.sync(generation)).toMatchObject({ code: 0, report: { generation } });
  await expectWhole(generation);
};

standForEach(async () => {
  await serving(a);
  await allUp();
});

const other = (name: string) => ({
  ...web(a),
  name: `default.${name}`,
  routes: [{ host: `${name}.example.com`, path: '/', since: 1 }],
});
/** A backend more, which only a reload can bring. */
const publishOther = (...names: string[]): number => instance.publish([web(a, b), ...names.map(other)]);

/** Does something before the first command of a kind reaches HAProxy's master. */
const before =
  (kind: RegExp, act: () => Promise<unknown>) =>
  ({ master, reload }: Haproxy): Haproxy => {
    let isDone = false;
    const wait = async (command: string) => {
      if (isDone || !kind.test(command)) return;
      isDone = true;
      await act();
    };
    return {
      master: (command) => wait(command).then(() => master(command)),
      reload: () => wait('reload').then(reload),
    };
  };

/** As an update of HAProxy's package does. */
async function reloadByHand(): Promise<void> {
  const { master, reloads, workers } = await instance.processes();
  process.kill(master, 'SIGUSR2');
  await until(async () => {
    const now = await instance.processes();
    return now.reloads > reloads && now.workers[0] !== workers[0] && !now.workers.includes(workers[0] ?? 0);
  });
}

describe('a reload by another hand beside a sync replaces the worker', () => {
  it.each([
    ['before it reads the servers', /show servers state/],
    ['while it adds one', /add server/],
    ['after it changed the servers', /show stat/],
  ])('%s, and the sync is whole all the same', async (_, kind) => {
    const load = startLoad(host, { pauseMs: 5 });
    // So that the reload by hand knows who answers.
    await instance.sync(0);
    const generation = instance.publish([web(a, b)]);

    expect(await instance.syncHere(generation, before(kind, reloadByHand))).toMatchObject({ generation });

    await expectWhole(generation);
    expect(badAnswers(await load.stop())).toStrictEqual([]);
  });
});

describe('while HAProxy is stopped', () => {
  it('the worker: requests wait, the sync fails, and both go on when it does', async () => {
    const [worker = 0] = (await instance.processes()).workers;
    const generation = instance.publish([web(a, b)]);
    process.kill(worker, 'SIGSTOP');

    const waiting = ask(host);
    const outcome = await instance.sync(generation, hasty);
    process.kill(worker, 'SIGCONT');

    expect(outcome).toMatchObject(
      failing(/none of its workers answers; nothing was changed; look at "sudo journalctl/),
    );
    expect(await waiting).toBe('200 a');
    await reached(generation);
  });

  it('the master: its worker serves, the sync fails, and the next one is whole', async () => {
    const { master } = await instance.processes();
    const load = startLoad(host, { pauseMs: 5 });
    const generation = instance.publish([web(a, b), other('api')]);
    process.kill(master, 'SIGSTOP');

    const outcome = await instance.sync(generation, hasty);
    process.kill(master, 'SIGCONT');

    expect(outcome).toMatchObject(
      failing(/could not ask HAProxy's master which .*no answer to "show proc".*; nothing was/),
    );
    await reached(generation);
    expect(badAnswers(await load.stop())).toStrictEqual([]);
  });
});

it('without a file descriptor left, HAProxy serves those who are connected, the sync fails, and both recover', async () => {
  const [worker = 0] = (await instance.processes()).workers;
  const agent = keepAlive();
  expect(await ask(host, { agent })).toBe('200 a');
  const generation = instance.publish([web(a, b)]);
  const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync(`/proc/${worker}/limits`, 'utf8')) ?? [];
  const limit = (files: number | string) => execFileSync('prlimit', ['--pid', `${worker}`, `--nofile=${files}:`]);
  limit(1);

  const [served, newcomer] = [await ask(host, { agent }), ask(host)];
  const outcome = await instance.sync(generation, hasty);
  limit(soft ?? '');
  agent.destroy();

  expect(served).toBe('200 a');
  expect(outcome).toMatchObject(failing(/none of its workers answers; nothing was changed/));
  expect(await newcomer).toBe('200 a');
  await reached(generation);
});

it('old workers that do not end hold up neither syncs nor reloads', async () => {
  const load = startLoad(host, { pauseMs: 5 });
  const clients: Socket[] = [];
  const old: number[] = [];
  for (const names of [['one'], ['one', 'two'], ['two'], []]) {
    clients.push(connect(10080, host).on('error', () => undefined));
    clients.at(-1)?.write('GET / HTTP/1.1\r\n');
    await pause(50);
    old.push((await instance.processes()).workers[0] ?? 0);
    await reached(publishOther(...names));
    process.kill(old.at(-1) ?? 0, 'SIGSTOP');
  }
  const answers = await load.stop();
  for (const pid of old) process.kill(pid, 'SIGCONT');
  for (const client of clients) client.destroy();

  expect(badAnswers(answers)).toStrictEqual([]);
  await until(async () => (await instance.processes()).workers.length === 1);
});

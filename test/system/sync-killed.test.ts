import { existsSync, readlinkSync } from 'node:fs';

import type { Backend } from '../../lib/haproxy/backend';
import { badAnswers, startLoad, type Task } from './haproxy-tasks';
import { a, b, c, host, inHome, instance, serving, standForAll, stored, web } from './sync-stand';
import { allUp, expectWhole } from './sync-whole';
import { until } from './until';

/** `KILLS=300 npx jest sync-killed` kills so many. */
const kills = Number(process.env.KILLS ?? 6);
jest.setTimeout(60_000 + kills * 10_000);

let load: ReturnType<typeof startLoad>;
let milliseconds = 0;
let wanted: Wanted;
const met = new Map<string, number>();

type Wanted = {
  readonly tasks: readonly Task[];
  readonly hosts: readonly string[];
  readonly hasOther: boolean;
  readonly certificates: readonly ReturnType<typeof stored>['entry'][];
};

/** Each kind of change that a sync makes, and several at once. */
const changes: readonly (readonly [string, (now: Wanted) => Partial<Wanted>])[] = [
  ['other tasks', ({ tasks }) => ({ tasks: tasks.includes(c) ? [a, b] : [b, c] })],
  ['a host', ({ hosts }) => ({ hosts: hosts.length > 1 ? ['*'] : ['*', 'www.example.com'] })],
  ['a certificate', ({ certificates }) => ({ certificates: certificates.length > 0 ? [] : [certificate] })],
  ['a backend', ({ hasOther }) => ({ hasOther: !hasOther })],
  ['one task for all', ({ tasks }) => ({ tasks: tasks.includes(a) ? [c] : [a] })],
  ['all of it', (now) => Object.assign({}, ...changes.slice(0, 4).map(([, change]) => change(now)))],
];
let certificate: Wanted['certificates'][number];

function publish({ tasks, hosts, hasOther, certificates }: Wanted): number {
  const routes = hosts.map((host) => ({ host, path: '/', since: 1 }));
  const other: Backend = { ...web(a), name: 'default.api', routes: [{ host: 'api.example.com', path: '/', since: 1 }] };
  return instance.publish([{ ...web(...tasks), routes }, ...(hasOther ? [other] : [])], certificates);
}

/** What a sync that was killed has left, as far as the disk shows it. */
function leftBehind(before: string): string {
  if (existsSync(`${instance.path.live}.before`)) return 'at its reload';
  if (existsSync(inHome('generations', '.staging'))) return 'while it staged and checked';
  return readlinkSync(instance.path.live) === before ? 'before it wrote, or while it told HAProxy' : 'after its switch';
}

standForAll(async () => {
  wanted = { tasks: [a, b], hosts: ['*'], hasOther: false, certificates: [] };
  certificate = stored('shop.example.com').entry;
  await serving(a, b);
  await allUp();
  load = startLoad(host, { pauseMs: 15 });
  const began = performance.now();
  await instance.sync(publish(wanted));
  milliseconds = performance.now() - began;
});

it(`a sync that is killed at a random moment, ${kills} times, loses no request, and the next one is whole`, async () => {
  for (let count = 0; count < kills; count++) {
    const [name, change] = changes[count % changes.length] ?? ['', () => ({})];
    wanted = { ...wanted, ...change(wanted) };
    const [before, generation] = [readlinkSync(instance.path.live), publish(wanted)];
    const running = instance.startSync(generation);
    const after = Math.round(milliseconds * (0.2 + Math.random()));
    const timer = setTimeout(running.kill, after);
    const { code } = await running.ended;
    clearTimeout(timer);
    const state = code === null ? leftBehind(before) : 'after its end';
    met.set(state, (met.get(state) ?? 0) + 1);

    const outcome = await instance.sync(generation, { SLUICE_PATIENCE_SECONDS: '20' });
    const words = `${name}, killed after ${after} ms ${state}: ${outcome.output}`;
    expect([words, outcome.code, outcome.report.generation]).toStrictEqual([words, 0, generation]);
    // The master may not answer while a worker starts.
    await until(async () => (await instance.processes()).workers.length > 0);
    await expectWhole(generation);
  }
  await allUp();

  if (kills > 6) console.log(`${kills} kills, by what was left: ${JSON.stringify(Object.fromEntries(met))}`);
  expect(badAnswers(await load.stop())).toStrictEqual([]);
  expect(met.get('after its end') ?? 0).toBeLessThan(kills);
});

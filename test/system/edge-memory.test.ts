import { endCrowds, service, startCrowd, startOddTask } from './edge-crowds';
import { ask } from './haproxy-tasks';
import { type Accounted, accountOf } from './memory-account';
import { a as fine, host, instance, standForEach, stored } from './sync-stand';
import { pause, until } from './until';

const { cost, sockets } = require('../../resources/limits.cjs') as {
  cost: Record<'system' | 'sync' | 'worker', number>;
  sockets: (memory: number) => number;
};

let odd: Awaited<ReturnType<typeof startOddTask>>;
let account: Accounted;
let worker: number;

// An instance of its own for each attack: what one leaves behind would keep the next one's visitors waiting.
afterEach(endCrowds);
standForEach(async () => {
  odd = await startOddTask('odd');
  await instance.syncHere(instance.publish(services(), [stored('odd.example.com').entry]));
  await instance.startHaproxy();
  const { master, workers } = await instance.processes();
  [account, worker] = [accountOf(master), workers[0] ?? 0];
  await until(async () => (await visitor()) === '200 a');
});
afterEach(() => account.stop());

const services = (check = 'tcp') => [
  service('odd', [odd.server]),
  { ...service('fine', [fine.server]), labels: { check } },
];
const visitor = () => ask(host, { headers: { host: 'fine.example.com' }, localAddress: '127.9.9.9', path: '/ok' });
const crowd = (kind: string, clients: number, more: object = {}) =>
  startCrowd({ kind, host, name: 'odd.example.com', path: '/large', clients, ...more });

/** What a t4g.nano has for HAProxy: its memory less the system and one sync. */
const budget = 512 * 1024 - cost.system - cost.sync;
/** The kernel itself bounds what all sockets hold, and here it has more than a t4g.nano's. */
const ofOne = (budget - sockets(512)) / 4 + sockets(512);

const attacks: [string, number, object][] = [
  ['http2unread', 90, { streams: 100 }],
  ['http2window', 90, { streams: 100, path: '/nothing', name: 'nobody.example.com' }],
  ['unread', 450, {}],
  ['websocket', 450, { path: '/socket' }],
  ['slow', 450, {}],
  ['upload', 450, {}],
  ['http2pings', 90, {}],
];

it.each(attacks)(
  '%s by %i clients, %j: one address delays no other, and many leave enough memory',
  async (kind, clients, more) => {
    const one = crowd(kind, clients / 2, { ...more, addresses: 1 });
    await one.there;
    // docs/security.md says that others wait for those who only send pings.
    const isWaitedFor = kind === 'http2pings';
    const visitors = isWaitedFor ? [] : await Promise.all([visitor(), visitor(), visitor()]);
    const many = crowd(kind, clients, { ...more, addresses: 60 });
    await many.there;
    await pause(500);
    const { process, kernel } = account.used();
    await one.stop();

    console.log(kind, `${inMB(process)} and ${inMB(kernel)} of sockets`, await many.stop());
    expect(visitors).toStrictEqual(isWaitedFor ? [] : Array(3).fill('200 a'));
    expect(process + Math.min(kernel, sockets(512))).toBeLessThan(ofOne);
    expect((await instance.processes()).workers).toStrictEqual([worker]);
  },
);

it('across three reloads, with each worker held by its clients, the memory is enough', async () => {
  for (const check of ['/a', '/b', '/c', undefined]) {
    const unread = crowd('unread', 450, { addresses: 60, seconds: 1 });
    await unread.there;
    if (check) expect(await instance.sync(instance.publish(services(check)))).toMatchObject({ code: 0 });
  }
  await pause(500);

  const { process, kernel } = account.used();
  console.log(`four workers: ${inMB(process)} and ${inMB(kernel)} of sockets`);
  const { workers } = await instance.processes();
  expect(workers).toHaveLength(4);
  expect(workers).toContain(worker);
  expect(process + Math.min(kernel, sockets(512))).toBeLessThan(budget);
});

const inMB = (kilobytes: number): string => `${Math.round(kilobytes / 1024)} MB`;

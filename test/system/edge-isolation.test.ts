import type { Backend } from '../../lib/haproxy/backend';
import { type Instance, startInstance } from '../../scripts/proxy/instance';
import { endCrowds, service, startCrowd, startOddTask, visit } from './edge-crowds';
import { ask, startTask, stopTasks, type Task } from './haproxy-tasks';
import { pause, until } from './until';

let instance: Instance;
const instances: Instance[] = [];
let hung: Awaited<ReturnType<typeof startOddTask>>[];
let fine: Task;
let services: readonly Backend[];

beforeEach(async () => {
  hung = [];
  for (const name of ['one', 'two', 'three']) hung.push(await startOddTask(name));
  fine = await startTask('fine');
  const [one, two, three] = hung.map(({ server }) => server);
  const hanging = [one, two, three].map((server, n) => service(`slow${n}`, server ? [server] : []));
  const mixed = service('mixed', [fine.server, { ...fine.server, name: 'fine2' }, one ?? fine.server]);
  services = [service('fine', [fine.server]), ...hanging, mixed];
  instance = await serve();
});
afterEach(async () => {
  endCrowds();
  for (const { stop } of instances.splice(0)) await stop();
  for (const { stop } of hung) stop();
  stopTasks();
});

/** A proxy that serves all of them. */
async function serve(told: Readonly<Record<string, string>> = {}): Promise<Instance> {
  const started = await startInstance(told);
  instances.push(started);
  await started.syncHere(started.publish(services));
  await started.startHaproxy();
  await until(async () => (await get('fine', '/ok', started)).startsWith('200'));
  return started;
}

const get = (name: string, path = '/ok', { host } = instance) =>
  ask(host, { path, headers: { host: `${name}.example.com` }, localAddress: '127.8.8.8' });
const crowd = (kind: string, name: string, clients: number, more: object = {}) =>
  startCrowd({ kind, host: instance.host, name: `${name}.example.com`, path: '/hang', clients, ...more });

it.each(['ask', 'askHttp2'])(
  '4,000 clients on a page that hangs (%s) delay no other service, and get Retry-After',
  async (kind) => {
    // It has no strangers, so it shows what else slows this machine meanwhile.
    const other = await serve();
    const before = await visit(instance.host, 'fine', 2);

    const strangers = crowd(kind, 'slow0', 4_000, { seconds: 6, leaveMs: 1_000 });
    const [meanwhile, elsewhere] = await Promise.all([
      visit(instance.host, 'fine', 7),
      visit(other.host, 'fine', 7, 25),
    ]);
    const counts = await strangers.counts;

    const [quiet, attacked, spared] = [before, meanwhile, elsewhere].map(({ p99 }) => `${p99.toFixed(1)} ms`);
    console.log(`${kind}: p99 ${quiet} before, ${attacked} meanwhile, ${spared} at a proxy that is spared`, counts);
    expect(meanwhile.failed).toStrictEqual([]);
    expect(meanwhile.p99).toBeLessThan(5 * Math.max(before.p99, elsewhere.p99));
    expect(Object.keys(counts).filter((answer) => /^\d/.test(answer))).toStrictEqual(['503 with Retry-After']);
    // Those who left have left their places.
    await until(async () => (await get('slow0')).startsWith('200'));
  },
);

it('three services that hang at once leave room for a fourth', async () => {
  const crowds = [0, 1, 2].map((n) => crowd('ask', `slow${n}`, 600));
  await Promise.all(crowds.map(({ there }) => there));

  expect(await Promise.all([get('fine'), get('fine')])).toStrictEqual(['200 fine', '200 fine']);
  for (const { stop } of crowds) expect((await stop())['503 with Retry-After']).toBeGreaterThan(300);
});

it('a task that hangs does not take the whole share of its service', async () => {
  const strangers = crowd('ask', 'mixed', 600);
  await strangers.there;
  await pause(500);

  expect(await Promise.all([1, 2, 3, 4, 5, 6].map(() => get('mixed')))).toStrictEqual(Array(6).fill('200 fine'));
  expect((await strangers.stop())['200']).toBeGreaterThan(300);
});

it('clients who fill the entrance stop neither the statistics nor a sync', async () => {
  const strangers = crowd('silent', 'fine', 500, { addresses: 20 });
  await strangers.there;
  await until(async () => /^CurrConns: 4\d\d$/m.test(await instance.worker('show info')));

  expect(await ask(instance.host, { port: 10404, path: '/metrics' })).toMatch(/^200/);
  expect(await instance.sync(instance.publish(services.slice(1)))).toMatchObject({ code: 0 });
  await strangers.stop();
});

it('a server that is added at run time has the limit that the machine sets, as one in the file has', async () => {
  instance = await serve({ SLUICE_REQUESTS_OF_TASK: '77' });
  const added = { ...fine.server, name: 'later' };
  const grown = services.map((each) => (each.service === 'fine' ? service('fine', [fine.server, added]) : each));

  const outcome = await instance.sync(instance.publish(grown));

  const rows = (await instance.worker('show stat')).split('\n').filter((line) => line.startsWith('default.fine,'));
  expect(outcome.report).toMatchObject({ changed: 'membership', added: 1 });
  expect(rows.map((line) => [1, 6].map((column) => line.split(',')[column])).slice(0, 2)).toStrictEqual([
    ['fine', '77'],
    ['later', '77'],
  ]);
});

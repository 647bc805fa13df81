import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { startWorld, type World } from '../../scripts/local/world';

const delays = { eventMs: 20, queueMs: 5, commandMs: 50, taskStartMs: 50, schedulerMs: 50, registerMs: 200 };
const hello = [process.execPath, join(__dirname, '../../resources/hello-world/hello.mjs')];
const everyMs = 10;

/** A world with a service of two tasks with two labelled containers each, whose packages are replaced under load. */
export async function startUpgrading() {
  const world = await startWorld({ delays, tickSeconds: 3_600 });
  /** What the syncs reported, in order. */
  const reports: string[] = [];
  world.onMoment(({ kind, text }) => {
    if (kind === 'synced') reports.push(text);
  });
  const serving = (name: string, containerPort: number, host: string) => ({
    ...{ name, command: hello, containerPort },
    labels: { 'haproxy.host': host, 'haproxy.check': '/health' },
  });
  // 0.1.0 serves only the first.
  const containers = [serving('web', 8080, 'shop.example'), serving('admin', 8081, 'admin.example')];
  const taskDefinition = world.ecs.registerTaskDefinition({ family: 'shop', containers });
  world.ecs.createService({ name: 'shop', taskDefinition, desiredCount: 2 });
  await until(async () => (await visitor(world)('GET')) === 200);
  await world.ecs.steady('shop');
  const isQuiet = () =>
    world.aws.commands.commands.every(({ invocations }) => [...invocations.values()].every((ended) => ended));
  const reportsAfterTick = async () => {
    // A sync of before that reports late would be taken for that of the tick.
    await until(isQuiet);
    const before = reports.length;
    world.tick();
    await until(() => reports.length > before && isQuiet());
    return reports.slice(before);
  };
  await until(async () => /"changed":"nothing"/.test((await reportsAfterTick()).join()));

  return {
    world,
    answersDuring: (meanwhile: () => Promise<void>) => answersDuring(visitor(world), meanwhile),
    /** Waits until the second container's host answers so: who is new to HAProxy is checked first. */
    adminAnswers: (status: number) => until(async () => (await visitor(world, 'admin.example')('GET')) === status),
    /** One tick, and nothing else, until a sync reports what is looked for. */
    oneTick: async (reported: RegExp): Promise<void> => {
      expect(await reportsAfterTick()).toStrictEqual([expect.stringMatching(reported)]);
    },
    running: async () => [await world.proxy.pid(), await world.proxy.reloads()] as const,
    /** A file as HAProxy would be started with it. */
    installed: (file: string): string => {
      const { located } = world.proxies.current(1);
      return readFileSync(join(located('/etc/haproxy/sluice/haproxy'), file), 'utf8');
    },
  };
}

export type Upgrading = Awaited<ReturnType<typeof startUpgrading>>;
type Visit = (method: 'GET' | 'POST', by?: Agent) => Promise<number | string>;

const agent = new Agent({ keepAlive: false });
const kept = new Agent({ keepAlive: true, maxSockets: 1 });

/** The status of one request, or the error's code. */
const visitor =
  (world: World, host = 'shop.example'): Visit =>
  (method, by = agent) =>
    new Promise((resolve) => {
      const what = { ...world.proxy.http, agent: by, method, headers: { host }, timeout: 5_000 };
      const asked = request(what, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
      });
      asked.on('timeout', () => asked.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
      asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error')).end();
    });

/** What requests got at a steady pace, on new connections and a kept one, while something is done. */
async function answersDuring(visit: Visit, meanwhile: () => Promise<void>): Promise<readonly (number | string)[]> {
  const all: Promise<number | string>[] = [];
  let over = false;
  const load = (async () => {
    for (let n = 0; !over; n += 1) {
      all.push(n % 5 === 0 ? visit('GET', kept) : visit(n % 2 === 0 ? 'GET' : 'POST'));
      await pause(everyMs);
    }
  })();
  await meanwhile();
  await pause(500);
  over = true;
  await load;
  return Promise.all(all);
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited 20 seconds in vain: ${holds}`);
    await pause(20);
  }
}

import { Agent, type RequestOptions, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ProxyInstance } from '../../scripts/local/proxy/instance';
import { startWorld, type TaskDefinitionInput, type World } from '../../scripts/local/world';
import type { Address } from '../../scripts/real/loopback';

export const quick = { eventMs: 20, queueMs: 5, commandMs: 50, taskStartMs: 50, schedulerMs: 50, registerMs: 200 };

type Container = TaskDefinitionInput['containers'][number];

/** A container that answers HTTP, as `resources/hello-world/hello.mjs` does. */
export const serving = (host: string, more: Partial<Container> = {}): Container => ({
  ...{ name: 'web', containerPort: 8080, labels: { 'haproxy.host': host, 'haproxy.check': '/health' } },
  command: [process.execPath, join(__dirname, '../../resources/hello-world/hello.mjs')],
  ...more,
});

/** A world that ticks only by hand. */
export const startQuick = (more: Parameters<typeof startWorld>[0] = {}): Promise<World> =>
  startWorld({ tickSeconds: 3_600, ...more, delays: { ...quick, ...more.delays } });

export let world: World;

/** All tests of a file share one world. */
export function worldForAll(more: Parameters<typeof startWorld>[0] = {}, prepare: () => unknown = () => undefined) {
  beforeAll(async () => {
    world = await startQuick(more);
    await prepare();
  });
  afterAll(() => world?.stop());
}

/** The tasks of a service that run, and shall. */
export const running = (service: string) =>
  world.ecs
    .tasks(service)
    .filter(({ desiredStatus, lastStatus }) => desiredStatus === 'RUNNING' && lastStatus === 'RUNNING');

/** The lines of the two streams of a program may have changed places. */
export const said = ({ console }: ProxyInstance): string => console.map(({ text }) => text).join('\n');

/** Two tasks of the service `shop`, at every address of the world. */
export async function openShop(world: World, containers = [serving('shop.example')]): Promise<void> {
  const taskDefinition = world.ecs.registerTaskDefinition({ family: 'shop', containers });
  world.ecs.createService({ name: 'shop', taskDefinition, desiredCount: 2 });
  for (const { ports } of world.proxies.addresses) await serves({ host: '127.0.0.1', port: ports.http });
  await world.ecs.steady('shop');
}

export const serves = (address: Address): Promise<void> => until(async () => (await statusAt(address)) === 200);

const agent = new Agent({ keepAlive: false });

export type Answer = {
  readonly status: number | string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
};

/** One request, by a new connection unless an agent is given; the status is the error's code where none came. */
export const ask = (options: RequestOptions): Promise<Answer> =>
  new Promise((resolve) => {
    const asked = request({ agent, timeout: 5_000, ...options }, (response) => {
      const { statusCode: status = 0, headers } = response;
      let body = '';
      response.on('data', (text) => (body += text)).on('end', () => resolve({ status, headers, body }));
    });
    asked.on('timeout', () => asked.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
    const failed = ({ code, message }: NodeJS.ErrnoException) =>
      resolve({ status: code ?? message, headers: {}, body: '' });
    asked.on('error', failed).end();
  });

export const statusAt = async (address: Address, host = 'shop.example', more: RequestOptions = {}) =>
  (await ask({ ...address, headers: { host }, ...more })).status;

/** What was answered at a steady pace while something is done, and half a second longer. */
export async function answersDuring<Seen>(
  visit: (count: number) => Promise<Seen>,
  everyMs: number,
  meanwhile: () => Promise<unknown>,
): Promise<readonly Seen[]> {
  const all: Promise<Seen>[] = [];
  let isOver = false;
  const load = (async () => {
    for (let count = 0; !isOver; count += 1, await pause(everyMs)) all.push(visit(count));
  })();
  await meanwhile();
  await pause(500);
  isOver = true;
  await load;
  return Promise.all(all);
}

/** Waits until something holds. @throws after a minute. */
export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited 60 seconds in vain: ${holds}`);
    await pause(20);
  }
}

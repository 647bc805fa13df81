import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { startWorld, type World } from '../../scripts/local/world';
import { packagedWith } from './packaged';

jest.setTimeout(90_000);

const delays = { eventMs: 20, queueMs: 5, commandMs: 50, taskStartMs: 50, schedulerMs: 50, registerMs: 200 };
const hello = [process.execPath, join(__dirname, '../../scripts/local/hello.mjs')];
const everyMs = 10;

let world: World;
/** What the syncs reported, in order. */
const reports: string[] = [];

beforeAll(async () => {
  world = await startWorld({ delays, tickSeconds: 3_600 });
  world.onMoment(({ kind, text }) => {
    if (kind === 'synced') reports.push(text);
  });
  const labels = { 'haproxy.host': 'shop.example', 'haproxy.check': '/health' };
  const containers = [{ name: 'web', command: hello, containerPort: 8080, labels }];
  const taskDefinition = world.ecs.registerTaskDefinition({ family: 'shop', containers });
  world.ecs.createService({ name: 'shop', taskDefinition, desiredCount: 2 });
  await until(async () => (await visit('GET')) === 200);
  await world.ecs.steady('shop');
});
afterAll(() => world?.stop());

const agent = new Agent({ keepAlive: false });
const kept = new Agent({ keepAlive: true, maxSockets: 1 });

/** The status of one request, or the error's code. */
const visit = (method: 'GET' | 'POST', by = agent): Promise<number | string> =>
  new Promise((resolve) => {
    const what = { ...world.proxy.http, agent: by, method, headers: { host: 'shop.example' }, timeout: 5_000 };
    const asked = request(what, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    });
    asked.on('timeout', () => asked.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error')).end();
  });

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited 20 seconds in vain: ${holds}`);
    await pause(20);
  }
}

/** What requests got at a steady pace, on new connections and a kept one, while something is done. */
async function answersDuring(meanwhile: () => Promise<void>): Promise<readonly (number | string)[]> {
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

/** One tick, and nothing else, until a sync reports what is looked for. */
async function oneTick(reported: RegExp): Promise<void> {
  const before = reports.length;
  world.tick();
  await until(() => reports.length > before);
  expect(reports.slice(before)).toStrictEqual([expect.stringMatching(reported)]);
}

const running = async () => [await world.proxy.pid(), await world.proxy.reloads()] as const;
const installed = (file: string) => {
  const { located } = world.proxies.current(1);
  return readFileSync(join(located('/etc/haproxy/sluice/haproxy'), file), 'utf8');
};

it('a deploy of another sync reaches a running proxy with the next tick, and HAProxy does not notice', async () => {
  const before = await running();
  const tell = (text: string) => text.replace('JSON.stringify(line)', 'JSON.stringify({ ...line, edition: 2 })');

  await packagedWith('lib/sync/run.ts', tell, async (folder) => {
    const answers = await answersDuring(async () => {
      world.aws.redeploy(folder, 'functions', 'documents');
      await oneTick(/"changed":"nothing".*"edition":2/);
    });

    expect(answers.filter((answer) => answer !== 200)).toStrictEqual([]);
    expect(answers.length).toBeGreaterThan(20);
  });

  expect(await running()).toStrictEqual(before);
});

it('a deploy of another configuration is rolled out by the next tick, by one reload, without a lost request', async () => {
  const [pid, reloads] = await running();
  const more = (text: string) => text.replace('maxconn 4000', 'maxconn 4001');

  await packagedWith('lib/haproxy/sections.ts', more, async (folder) => {
    const answers = await answersDuring(async () => {
      // CloudFormation takes functions and documents in any order, and a tick may come between them.
      world.aws.redeploy(folder, 'functions');
      await oneTick(/"changed":"structure"/);
      world.aws.redeploy(folder, 'documents');
      await oneTick(/"changed":"nothing"/);
    });

    expect(answers.filter((answer) => answer !== 200)).toStrictEqual([]);
    expect(answers.length).toBeGreaterThan(20);
  });

  expect(installed('00-global.cfg')).toContain('maxconn 4001');
  expect(await world.proxy.reloads()).toBe(reloads + 1);
  expect(await world.proxy.pid()).not.toBe(pid);
  expect(world.reconciles().filter(({ outcome }) => outcome !== 'succeeded')).toStrictEqual([]);
  expect(world.denied()).toStrictEqual([]);
});

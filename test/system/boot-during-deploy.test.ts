import { request } from 'node:http';
import { join } from 'node:path';

import type { Redeployed } from '../../scripts/local/aws';
import { packaged } from '../../scripts/local/package/package';
import type { ProxyInstance } from '../../scripts/local/proxy/instance';
import { startWorld, type World } from '../../scripts/local/world';
import { until } from './haproxy-instance';
import { packagedWith } from './packaged';

jest.setTimeout(60_000);

let world: World;
beforeAll(async () => {
  const quick = { addressMs: 50, predecessorMs: 50, registerMs: 100 };
  const delays = { eventMs: 20, queueMs: 5, commandMs: 50, taskStartMs: 50, schedulerMs: 50, ...quick };
  world = await startWorld({ delays, tickSeconds: 3_600 });
  const hello = [process.execPath, join(__dirname, '../../resources/hello-world/hello.mjs')];
  const labels = { 'haproxy.host': 'shop.example', 'haproxy.check': '/health' };
  const containers = [{ name: 'web', command: hello, containerPort: 8080, labels }];
  const taskDefinition = world.ecs.registerTaskDefinition({ family: 'shop', containers });
  world.ecs.createService({ name: 'shop', taskDefinition, desiredCount: 2 });
  await until(async () => (await status()) === 200);
}, 90_000);
afterAll(() => world?.stop());

const status = (): Promise<number | string> =>
  new Promise((resolve) => {
    request({ ...world.proxy.http, agent: false, headers: { host: 'shop.example' } }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    })
      .on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      .end();
  });

const said = ({ console }: ProxyInstance) => console.map(({ text }) => text).join('\n');
const fetched = (since: number) =>
  world.aws.api.calls.slice(since).flatMap(({ action, input, outcome }) => {
    const { Name = '' } = input as { Name?: string };
    return action === 'ssm:GetDocument' ? [`${Name} ${outcome}`] : [];
  });
const documents = () => world.aws.stack.documents.map(({ Name }) => Name);

/** The proxy is replaced, and what is left of the deploy comes at the moment when its successor boots. */
async function replacedWhile(from: string, ...left: readonly Redeployed[]): Promise<readonly ProxyInstance[]> {
  const before = world.proxies.launched.length;
  let deployed = false;
  world.onMoment(({ text }) => {
    if (deployed || !text.endsWith(' boots')) return;
    deployed = true;
    world.aws.redeploy(from, ...left);
  });
  await world.proxies.replace(1);
  return world.proxies.launched.slice(before);
}

it('a proxy whose document is deleted while it boots takes the sync that Run Command brings', async () => {
  const edit = (text: string) => `${text}\nprocess.title = 'edited';\n`;
  await packagedWith('lib/sync/run.ts', edit, async (folder) => {
    const [since, [old]] = [world.aws.api.calls.length, documents()];
    world.aws.redeploy(folder, 'documents', 'functions');

    const launched = await replacedWhile(folder, 'associations', 'templates', 'cleanup');

    expect(documents()).not.toContain(old);
    expect(launched).toHaveLength(1);
    expect(said(launched[0] as ProxyInstance)).toMatch(
      /AWS answered: .*InvalidDocument[\s\S]*takes the sync that Run Command brought[\s\S]*serves/,
    );
    expect(new Set(fetched(since))).toStrictEqual(new Set([`${old} InvalidDocument`]));
    await until(async () => (await status()) === 200);
  });
});

it('one that nobody reaches is ended by its hook, after 15 minutes, and its successor boots from the new document', async () => {
  const [hook] = world.aws.stack.groups[0]?.LifecycleHookSpecificationList ?? [];
  // Here 15 minutes are two seconds.
  expect(hook?.HeartbeatTimeout).toBe(900);
  Object.assign(hook ?? {}, { HeartbeatTimeout: 2 });
  world.aws.stack.associations.splice(0);
  const [since, [old], back] = [world.aws.api.calls.length, documents(), await packaged()];
  world.aws.redeploy(back, 'documents', 'functions');

  const [stranded, successor, ...more] = await replacedWhile(back, 'templates', 'cleanup');

  expect(said(stranded as ProxyInstance)).toMatch(/could not fetch the sync; next try in 1 s/);
  expect(said(stranded as ProxyInstance)).not.toContain('claim');
  expect(said(successor as ProxyInstance)).toContain('HAProxy runs with what is published');
  expect(more).toStrictEqual([]);
  const names = fetched(since);
  expect([names[0], names.at(-1)]).toStrictEqual([`${old} InvalidDocument`, `${documents()[0]} answered`]);
  await until(async () => (await status()) === 200);
});

it('a reboot asks for no document: the copy on the disk pulls', async () => {
  world.aws.stack.documents.splice(0);
  const since = world.aws.api.calls.length;

  await world.proxy.reboot();
  await until(() => world.aws.api.calls.slice(since).some(({ action }) => action === 'ssm:GetParameter'));

  expect(fetched(since)).toStrictEqual([]);
  await until(async () => (await status()) === 200);
});

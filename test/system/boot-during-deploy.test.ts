import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { ProxyInstance } from '../../scripts/local/proxy/instance';
import { packaged } from '../../scripts/real/package';
import { packagedWithSync } from './packaged';
import { type Redeployed, redeploy } from './redeploy';
import { openShop, said, serves, until, world, worldForAll } from './shop';

/** Where every process's command line can be read. */
const onLinux = existsSync('/proc/self/cmdline') ? it : it.skip;

worldForAll({ delays: { addressMs: 50, predecessorMs: 50, registerMs: 100 } }, () => openShop(world));

const fetched = (since: number) =>
  world.aws.api.calls.slice(since).flatMap(({ action, input, outcome }) => {
    const { Name = '' } = input as { Name?: string };
    return action === 'ssm:GetDocument' ? [`${Name} ${outcome}`] : [];
  });
const documents = () => world.aws.stack.documents.map(({ Name }) => Name);

/** The proxy is replaced, and what is left of the deploy comes at the moment when its successor boots. */
async function replacedWhile(from: string, ...left: Redeployed[]): Promise<readonly ProxyInstance[]> {
  const before = world.proxies.launched.length;
  let deployed = false;
  world.onMoment(({ text }) => {
    if (deployed || !text.endsWith(' boots')) return;
    deployed = true;
    redeploy(world, from, ...left);
  });
  await world.proxies.replace(1);
  return world.proxies.launched.slice(before);
}

onLinux('law 12: no credential of the role is on a command line', async () => {
  world.aws.api.faults.next('ssm:GetDocument', { lateMs: 1_000 });
  const done = world.proxies.replace(1);
  const asking = () => commandLines().filter((line) => line.includes('AmazonSSM.GetDocument'));
  await until(() => asking().length > 0);
  const found = asking().join('\n');
  await done;

  expect(found).toContain('--aws-sigv4');
  expect(found).not.toMatch(/ASIA|security-token:/);
});

it('a proxy whose document is deleted while it boots takes the sync that Run Command brings', async () => {
  const edit = (text: string) => `${text}\nprocess.title = 'edited';\n`;
  await packagedWithSync({ 'lib/sync/run.ts': edit }, async (folder) => {
    const [since, [old]] = [world.aws.api.calls.length, documents()];
    redeploy(world, folder, 'documents', 'functions');

    const launched = await replacedWhile(folder, 'associations', 'templates', 'cleanup');

    expect(documents()).not.toContain(old);
    expect(launched).toHaveLength(1);
    // The console may lag behind what Auto Scaling was told.
    const words = /AWS answered: .*InvalidDocument[\s\S]*takes the sync that Run Command brought[\s\S]*serves/;
    await until(() => words.test(said(launched[0] as ProxyInstance)));
    expect(new Set(fetched(since))).toStrictEqual(new Set([`${old} InvalidDocument`]));
    await serves(world.proxy.http);
  });
});

it('a proxy that Run Command never reaches is ended by its hook after 15 minutes, and its successor boots from the new document', async () => {
  const [hook] = world.aws.stack.groups[0]?.LifecycleHookSpecificationList ?? [];
  // Here 15 minutes are two seconds.
  expect(hook?.HeartbeatTimeout).toBe(900);
  Object.assign(hook ?? {}, { HeartbeatTimeout: 2 });
  world.aws.stack.associations.splice(0);
  const [since, [old], back] = [world.aws.api.calls.length, documents(), await packaged()];
  redeploy(world, back, 'documents', 'functions');

  const [stranded, successor, ...more] = await replacedWhile(back, 'templates', 'cleanup');

  expect(said(stranded as ProxyInstance)).toMatch(/could not fetch the sync; next try in 1 s/);
  expect(said(stranded as ProxyInstance)).not.toContain('claim');
  expect(said(successor as ProxyInstance)).toContain('HAProxy runs with what is published');
  expect(more).toStrictEqual([]);
  const names = fetched(since);
  expect([names[0], names.at(-1)]).toStrictEqual([`${old} InvalidDocument`, `${documents()[0]} answered`]);
  await serves(world.proxy.http);
});

it('a reboot asks for no document: the copy on the disk pulls', async () => {
  world.aws.stack.documents.splice(0);
  const since = world.aws.api.calls.length;

  await world.proxy.reboot();
  await until(() => world.aws.api.calls.slice(since).some(({ action }) => action === 'ssm:GetParameter'));

  expect(fetched(since)).toStrictEqual([]);
  await serves(world.proxy.http);
});

/** Of every process. */
const commandLines = (): readonly string[] =>
  readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') : [];
    } catch {
      // It has ended.
      return [];
    }
  });

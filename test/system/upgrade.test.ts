import { setTimeout as pause } from 'node:timers/promises';

import { packagedWith, packagedWithSync } from './packaged';
import { redeploy } from './redeploy';
import { upgrading, upgradingForAll } from './upgrading';

upgradingForAll();

it('a deploy of another sync reaches a running proxy with the next tick, and HAProxy runs on', async () => {
  const { world, answersDuring, oneTick, running } = upgrading;
  const before = await running();
  const tell = (text: string) => text.replace('printableJson(line)', 'printableJson({ ...line, edition: 2 })');

  await packagedWithSync({ 'lib/sync/run.ts': tell }, async (folder) => {
    const answers = await answersDuring(async () => {
      redeploy(world, folder, 'documents', 'functions', 'cleanup');
      await oneTick(/"changed":"nothing".*"edition":2/);
    });

    expect(answers.filter((answer) => answer !== 200)).toStrictEqual([]);
    expect(answers.length).toBeGreaterThan(20);
  });

  expect(await running()).toStrictEqual(before);
});

it('a deploy of another configuration is rolled out by the next tick, by one reload, without a lost request', async () => {
  const { world, answersDuring, running, installed, deploy } = upgrading;
  const [pid, reloads] = await running();
  const more = (text: string) => text.replace('hard-stop-after 10m', 'hard-stop-after 11m');

  await packagedWith({ 'lib/haproxy/sections.ts': more }, async (folder) => {
    const answers = await answersDuring(() => deploy(folder));

    expect(answers.filter((answer) => answer !== 200)).toStrictEqual([]);
    expect(answers.length).toBeGreaterThan(20);
  });

  expect(installed('00-global.cfg')).toContain('hard-stop-after 11m');
  expect(await world.proxy.reloads()).toBe(reloads + 1);
  expect(await world.proxy.pid()).not.toBe(pid);
  expect(world.reconciles().filter(({ outcome }) => outcome !== 'succeeded')).toStrictEqual([]);
  expect(world.denied()).toStrictEqual([]);
});

it('loses no request when the update of HAProxy’s package reloads it', async () => {
  const { world, answersDuring } = upgrading;
  const [proxy, before] = [world.proxies.current(1), await world.proxy.reloads()];
  const text = 'systemctl reload haproxy.service';

  const answers = await answersDuring(async () => {
    expect((await proxy.managed.run({ text, timeoutSeconds: 20 })).code).toBe(0);
    while ((await world.proxy.reloads()) !== before + 1) await pause(50);
  });

  expect(proxy.console.map((line) => line.text).join('\n')).toMatch(/"health":"(\d) of \1 servers answer"/);
  expect(new Set(answers)).toStrictEqual(new Set([200]));
});

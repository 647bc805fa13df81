import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { packaged } from '../../scripts/real/package';
import { packagedAs, releases } from './released';
import { upgrading, upgradingForAll } from './upgrading';

upgradingForAll();
const folder = mkdtempSync(join(tmpdir(), 'sluice-released-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Connections that are open at the moment of the reload: a kept one, and those that have just begun. */
const mostOpen = 5;

describe.each(releases())('a proxy that runs the released %s sync', (release) => {
  it('takes the new document under load without a lost request, and goes back with at most one 503 for a connection that was open, by a deploy or half-way through one', async () => {
    const { world, answersDuring, running, installed, adminAnswers, shopAnswers, deploy, rollBack } = upgrading;
    const [old, today] = [await packagedAs(release, join(folder, release)), await packaged()];
    await deploy(old);
    const before = [installed('00-global.cfg'), installed('10-frontends.cfg')];
    const [, reloads] = await running();
    // A second labelled container of a task is what 0.1.0 cannot serve.
    await adminAnswers(404);
    await shopAnswers();

    const goingUp = await answersDuring(async () => {
      await deploy(today);
      await adminAnswers(200);
    });
    const goingBack = await answersDuring(async () => {
      await deploy(old);
      await adminAnswers(404);
    });
    const halfWay = await answersDuring(() => rollBack(today, old));

    const failed = (answers: readonly unknown[]) => answers.filter((answer) => answer !== 200);
    expect(failed(goingUp)).toStrictEqual([]);
    // 0.1.0 takes no requests over from the worker of before.
    for (const back of [goingBack, halfWay]) {
      expect(failed(back).filter((answer) => answer !== 503)).toStrictEqual([]);
      expect(failed(back).length).toBeLessThanOrEqual(mostOpen);
    }
    for (const { length } of [goingUp, goingBack, halfWay]) expect(length).toBeGreaterThan(10 * mostOpen);
    expect((await running())[1]).toBe(reloads + 4);
    expect([installed('00-global.cfg'), installed('10-frontends.cfg')]).toStrictEqual(before);
    expect(world.reconciles().filter(({ outcome }) => outcome !== 'succeeded')).toStrictEqual([]);
    expect(world.denied()).toStrictEqual([]);
    await deploy(today);
  }, 300_000);
});

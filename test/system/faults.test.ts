import { readFileSync } from 'node:fs';

import { parseKept, standing } from '../../lib/faults/faults';
import type { Policy } from '../../scripts/local/api/iam';
import type { Check } from '../../scripts/sluice/status/check';
import { quiet, sluice } from '../sluice/console';
import { measured } from './cloudwatch';
import { observer } from './observer';
import { running, serving, until, world, worldForAll } from './shop';

worldForAll({ delays: { healthMs: 200 } }, () => {
  open('shop', serving('shop.example'));
  open('typo', serving('', { labels: { 'haproxy.hots': 'typo.example' } }));
  open('crash', serving('crash.example', { command: ['sh', '-c', 'sleep 0.5; exit 3'] }));
});

/** A task of it runs, or tries to. */
function open(name: string, container: ReturnType<typeof serving>): void {
  const taskDefinition = world.ecs.registerTaskDefinition({ family: name, containers: [container] });
  world.ecs.createService({ name, taskDefinition, desiredCount: 1 });
}

const parameter = '/sluice/dev/haproxy/faults';
const kept = () => parseKept(world.aws.parameters.read(parameter)).kept;
const ticks = () => faultsCounted().length;
const faultsCounted = (): readonly number[] =>
  world
    .reconciles()
    .flatMap(({ lines }) => lines.filter((line) => line.includes('"Faults"')))
    .map((line) => Number(JSON.parse(line).Faults));

async function tick(): Promise<void> {
  const before = ticks();
  world.tick();
  await until(() => ticks() > before);
}

const unknown =
  'sluice-dev/typo, revision 1: container "web": unknown label "haproxy.hots"; did you mean haproxy.host?';
const loop =
  'sluice-dev/crash: its tasks end again and again: Essential container in task exited (container web, exit code 3); ' +
  'read the task’s log, then deploy a corrected revision';

describe('a misspelt label, a loop of crashes, and a service scaled to 0', () => {
  it('are kept beside the generation: the label at once, the loop at a tick, the scaled one never', async () => {
    await until(() => kept().faults.length > 0);
    expect(standing(kept()).map(({ message }) => message)).toStrictEqual([unknown]);
    const ends = () => world.ecs.tasks('crash').filter(({ lastStatus }) => lastStatus === 'STOPPED').length;
    await until(() => ends() >= 3 && running('shop').length === 1);
    world.ecs.updateService('shop', { desiredCount: 0 });
    await until(() => running('shop').length === 0);
    await tick();

    expect(standing(kept())).toStrictEqual([
      { service: 'sluice-dev/crash', message: loop },
      { service: 'sluice-dev/typo', message: unknown },
    ]);
  });

  it('each generation says why it was published, and what woke the run', () => {
    const versions = world.aws.parameters.versions('/sluice/dev/haproxy/current').map(({ description }) => description);

    expect(versions[0]).toMatch(/^new: 00-global.cfg, /);
    // A tick may read ECS before the event about the same task comes.
    const task = /task \w{8}… of sluice-dev\/\w+ is (RUNNING|told to stop)/.source;
    for (const description of versions)
      expect(description).toMatch(new RegExp(`: .+ \\| because: (the tick|${task})(;|$)`));
    expect(versions.join('\n')).toMatch(new RegExp(`because: .*${task}`));
  });

  it('are mailed once, when two ticks saw the same, to the alarm topic, without the scaled one', async () => {
    expect(world.aws.mails).toStrictEqual([]);
    for (let count = 0; count < 3; count++) await tick();

    expect(world.aws.mails).toHaveLength(1);
    const [{ TopicArn, Subject, Message } = { TopicArn: '', Subject: '', Message: '' }] = world.aws.mails;
    expect([TopicArn, Subject]).toStrictEqual([
      expect.stringMatching(/:sluice-local-AlarmTopic$/),
      'Sluice dev: 2 faults',
    ]);
    expect(Message).toContain(`\n- ${loop}\n- ${unknown}\n\nNext: npx sluice status --stage dev --region eu-west-2\n`);
    expect(Message).not.toContain('shop');
  });

  it('are counted in a metric at every tick', () => {
    expect(faultsCounted()).toStrictEqual([2, 2, 2, 2]);
    expect(measured(world)).toContainEqual({ Namespace: 'Sluice/dev', MetricName: 'Faults' });
  });

  it('are each explained by status and explain, and none is blamed on the queue', async () => {
    world.aws.connect(observer(world.aws, world.proxies).handlers);
    const policy = JSON.parse(readFileSync('docs/status-policy.json', 'utf8')) as Policy;
    const credentials = world.aws.assume('StatusUser', [policy]);
    const config = () => ({ region: 'eu-west-2', endpoint: world.aws.api.endpoint, credentials });
    const says = async <Found>(...args: string[]) =>
      JSON.parse((await sluice([...args, '--json'], { ...quiet, config })).output) as Found;

    const { checks } = await says<{ checks: readonly Check[] }>('status');
    const found = (name: string) => checks.find(({ what }) => what === name);
    expect(found('queue')).toMatchObject({ ok: true });
    expect(found('service sluice-dev/shop')).toMatchObject({
      ok: true,
      says: 'http://shop.example/, scaled to 0: its URL answers 503',
    });
    expect(found('service sluice-dev/typo')).toMatchObject({
      ok: false,
      says: expect.stringMatching(/^not served, 1 of 1 task\. Revision 1: .* mean haproxy\.host\?$/),
    });
    expect(found('service sluice-dev/crash')).toMatchObject({
      ok: false,
      says: expect.stringMatching(/^http:\/\/crash\.example\/, \d of 1 task\. Its tasks end again .*exit code 3\)$/),
      next: 'read the task’s log, then deploy a corrected revision',
    });
    const answers = ['shop', 'typo', 'crash'].map(async (name) => {
      const { answer, next } = await says<{ answer: string; next: string }>('explain', `http://${name}.example`);
      return name === 'typo' ? `${answer}; ${next}` : answer;
    });
    expect(await Promise.all(answers)).toStrictEqual([
      'nobody: HAProxy answers 503, because sluice-dev/shop is scaled to 0',
      expect.stringMatching(
        /^nobody: HAProxy answers 404; if sluice-dev\/typo should answer, correct its fault; otherwise /,
      ),
      expect.stringMatching(/^nobody: HAProxy answers 503|see above: (ecs, )?fault$/),
    ]);
  }, 240_000);

  it('are gone when they are mended, and no call was denied', async () => {
    for (const name of ['typo', 'crash']) {
      const containers = [serving(`${name}.example`, { healthCheck: true })];
      const taskDefinition = world.ecs.registerTaskDefinition({ family: name, containers });
      world.ecs.updateService(name, { taskDefinition });
      await world.ecs.steady(name);
    }
    await tick();

    expect(standing(kept())).toStrictEqual([]);
    expect(world.denied()).toStrictEqual([]);
  });
});

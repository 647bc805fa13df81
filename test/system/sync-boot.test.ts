import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from './haproxy-tasks';
import { a, apply, b, failing, host, instance, serving, standForEach } from './sync-stand';
import { until } from './until';

standForEach();

describe('the instance', () => {
  it.each<[string, NodeJS.ProcessEnv, object]>([
    ['when nothing was ever published', {}, { code: 0, report: { generation: 0 } }],
    [
      'with its control plane down too, and says that it could not ask',
      { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1' },
      failing(/^no answer from .*api\/token/),
    ],
  ])('gets an empty configuration that HAProxy starts with %s', async (_, environment, expected) => {
    const outcome = await instance.sync(0, environment);
    await instance.startHaproxy();

    expect(outcome).toMatchObject(expected);
    expect(await ask(host)).toMatch(/^404/);
  });

  it('serves the last good state after a reboot, control plane down', async () => {
    await serving(a);
    await apply([a, b]);
    instance.api.switch(false);
    await instance.stopHaproxy();
    rmSync(join(instance.path.folder, 'run'), { recursive: true });
    mkdirSync(join(instance.path.folder, 'run'));

    await instance.startHaproxy();
    for (const name of ['a', 'b']) await until(async () => (await instance.status('default.web', name)) === 'UP');

    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(host)));
    expect(new Set(answers)).toStrictEqual(new Set(['200 a', '200 b']));
  });

  it('explains what a generation is when the argument is none', async () => {
    expect(await instance.sync(Number.NaN)).toMatchObject(
      failing('"NaN" is not a generation; give a number, or 0 for the current one'),
    );
    const { output } = await instance.sync('\u009b2J\u202e' as never);
    expect(output).toContain('\\\\u{9b}2J\\\\u{202e}');
    expect(output).not.toMatch(/[\u009b\u202e]/);
  });
});

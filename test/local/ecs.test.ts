import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { app, playedEcs } from './played-ecs';

const sidecar = {
  name: 'pre-stop',
  command: ['sh', '-c', "trap 'sleep 0.3; exit 0' TERM; while :; do sleep 0.05; done"],
  dependsOn: ['app'],
};
const played = playedEcs();
const { serve, scale, kinds, tasks } = played;

it('sends the stop order as an event before SIGTERM, and stops the application only when its sidecar has ended', async () => {
  await serve('web', 1, [app, sidecar]);
  played.moments.length = 0;
  await scale('web', 0);

  expect(kinds('stop-ordered', 'event', 'sigterm', 'task-stopped').join()).toBe(
    'stop-ordered,event,sigterm,sigterm,task-stopped,event',
  );
  const signalled = played.moments.filter(({ kind }) => kind === 'sigterm').map(({ text }) => text.split(' ')[0]);
  expect(signalled).toStrictEqual(['pre-stop', 'app']);
});

it('kills what ignores SIGTERM after its stop timeout', async () => {
  const deaf = join(played.running.folder, 'deaf');
  const stubborn = ['sh', '-c', `trap '' TERM; : >'${deaf}'; while :; do sleep 0.05; done`];
  await serve('web', 1, [{ name: 'app', command: stubborn, stopTimeoutSeconds: 0.2 }]);
  while (!existsSync(deaf)) await sleep(10);
  await scale('web', 0);
  expect(tasks('web')[0]?.containers[0]?.exitCode).toBe(137);
});

it('replaces a task that fails its checks after the start period, and says that it was unhealthy', async () => {
  played.speed.healthStartMs = 0;
  const deaf = { name: 'app', command: ['sleep', '60'], containerPort: 8080, healthCheck: true };
  void serve('web', 1, [deaf]);
  while (tasks('web').length < 2) await sleep(10);
  await scale('web', 0);

  expect(played.moments.find(({ kind }) => kind === 'stop-ordered')?.text).toContain('unhealthy');
  expect(tasks('web')[0]?.healthStatus).toBe('UNHEALTHY');
});

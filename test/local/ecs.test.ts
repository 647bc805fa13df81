import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { ecsHandlers } from '../../scripts/local/ecs/ecs-api';
import { app, playedEcs } from './played-ecs';

const sidecar = {
  name: 'pre-stop',
  command: ['sh', '-c', "trap 'sleep 0.3; exit 0' TERM; while :; do sleep 0.05; done"],
  dependsOn: ['app'],
};
const played = playedEcs();
const { serve, scale, kinds, tasks } = played;

it('reports a task as it is placed, runs, is told to stop and is gone, counting its version', async () => {
  await serve('web', 1);
  await scale('web', 0);

  const details = played.events.map(({ detail }) => detail);
  expect(details.map(({ lastStatus, desiredStatus }) => `${lastStatus} ${desiredStatus}`)).toStrictEqual([
    'PENDING RUNNING',
    'RUNNING RUNNING',
    'RUNNING STOPPED',
    'STOPPED STOPPED',
  ]);
  const versions = details.map(({ version }) => Number(version));
  expect(versions).toStrictEqual([...versions].sort((a, b) => a - b));
});

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

it('stops an old task in a deployment only when a new one is healthy', async () => {
  await serve('web', 2);
  played.moments.length = 0;
  await serve('web', 2);

  const order = kinds('task-healthy', 'stop-ordered');
  expect(order[0]).toBe('task-healthy');
  expect(order.filter((kind) => kind === 'stop-ordered')).toHaveLength(2);
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

it('waits the settling time where a new task has no health check', async () => {
  const plain = { ...app, healthCheck: false };
  await serve('web', 1, [plain]);
  await serve('web', 1, [plain]);

  const [older, newer] = tasks('web');
  expect((older?.stoppingAt ?? 0) - (newer?.startedAt ?? 0)).toBeGreaterThanOrEqual(300);
});

it('replaces a task that was killed, and no other', async () => {
  await serve('web', 3);
  const [killed, ...others] = tasks('web');
  played.ecs.killTask(killed?.id ?? '');
  while (tasks('web').length < 4) await sleep(10);
  await played.steady('web');

  expect(kinds('task-died', 'stop-ordered')).toStrictEqual(['task-died']);
  expect(others.map(({ desiredStatus }) => desiredStatus)).toStrictEqual(['RUNNING', 'RUNNING']);
});

it('lists what shall run, a page of at most a hundred, describes what has stopped, and says what is missing', async () => {
  await serve('web', 3);
  const { 'ecs:ListTasks': list, 'ecs:DescribeTasks': describe } = ecsHandlers(played.ecs);
  const first = list({ cluster: 'c', maxResults: 2 });
  const second = list({ cluster: 'c', maxResults: 2, nextToken: first.nextToken as string });
  await scale('web', 0);

  const taskArns = [...first.taskArns, ...second.taskArns];
  expect(new Set(taskArns).size).toBe(3);
  expect(() => list({ cluster: 'c', maxResults: 101 })).toThrow('100');
  expect(list({ cluster: 'c' }).taskArns).toStrictEqual([]);
  const described = describe({ cluster: 'c', tasks: [...taskArns, 'x'] });
  expect(described.tasks.map(({ lastStatus }) => lastStatus)).toStrictEqual(['STOPPED', 'STOPPED', 'STOPPED']);
  expect(described.failures).toStrictEqual([{ arn: 'x', reason: 'MISSING' }]);
});

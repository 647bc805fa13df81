import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { delays } from '../../scripts/local/delays';
import { type Ecs, playEcs } from '../../scripts/local/ecs/ecs';
import { ecsHandlers } from '../../scripts/local/ecs/ecs-api';
import { twoHosts } from '../../scripts/local/ecs/hosts';
import { isSteady, type Service } from '../../scripts/local/ecs/services';
import type { Moment } from '../../scripts/local/moment';
import { type Processes, processes } from '../../scripts/local/processes';
import { type Timers, timers } from '../../scripts/local/timers';

let ecs: Ecs;
let running: Processes;
let clock: Timers;
let moments: Omit<Moment, 'at'>[];
const speed = { ...delays, taskStartMs: 20, taskStoppedMs: 20, schedulerMs: 20, healthMs: 50, settledMs: 300 };
let events: { desiredStatus: string; lastStatus: string; version: number; taskArn: string }[];

beforeEach(() => {
  [running, clock, moments, events] = [processes(), timers(), [], []];
  ecs = playEcs(twoHosts('c'), {
    processes: running,
    timers: clock,
    delays: speed,
    say: (kind, text, about) => {
      moments.push({ kind, text, ...about });
    },
    putEvent: ({ detail }) => {
      events.push(detail as (typeof events)[number]);
      moments.push({ kind: 'event', text: '' });
    },
  });
});
afterEach(async () => {
  speed.healthStartMs = delays.healthStartMs;
  clock.stop();
  await running.stop();
});

const app = {
  name: 'app',
  command: ['node', 'resources/hello-world/hello.mjs'],
  containerPort: 8080,
  healthCheck: true,
};
const sidecar = {
  name: 'pre-stop',
  command: ['sh', '-c', "trap 'sleep 0.3; exit 0' TERM; while :; do sleep 0.05; done"],
  dependsOn: ['app'],
};

const fresh = { name: 'web', cluster: 'c', minimumHealthyPercent: 100, maximumPercent: 200 };

async function serve(desiredCount: number, containers: object[] = [app]): Promise<void> {
  const taskDefinition = ecs.registerTaskDefinition({ family: 'web', containers: containers as never });
  const before = ecs.services.get('web') ?? fresh;
  ecs.putService({ ...before, desiredCount, taskDefinition });
  await steady();
}
async function scale(desiredCount: number): Promise<void> {
  ecs.putService({ ...web(), desiredCount });
  await steady();
}
const web = () => ecs.services.get('web') as Service;
const steady = async () => {
  while (!isSteady(web(), ecs.tasks.values())) await sleep(10);
};
const kinds = (wanted: readonly string[]) =>
  moments.filter(({ kind }) => wanted.includes(kind)).map(({ kind }) => kind);

it('tells of a task as it is placed, runs, is told to stop and is gone, counting its version', async () => {
  await serve(1);
  await scale(0);

  expect(events.map(({ lastStatus, desiredStatus }) => [lastStatus, desiredStatus])).toStrictEqual([
    ['PENDING', 'RUNNING'],
    ['RUNNING', 'RUNNING'],
    ['RUNNING', 'STOPPED'],
    ['STOPPED', 'STOPPED'],
  ]);
  const versions = events.map(({ version }) => version);
  expect(versions).toStrictEqual([...versions].sort((a, b) => a - b));
});

it('stops the sidecar first, and the application only when the sidecar has ended', async () => {
  await serve(1, [app, sidecar]);
  moments.length = 0;
  await scale(0);

  expect(kinds(['stop-ordered', 'event', 'sigterm', 'task-stopped'])).toStrictEqual([
    'stop-ordered',
    'event',
    'sigterm',
    'sigterm',
    'task-stopped',
    'event',
  ]);
  const signalled = moments.filter(({ kind }) => kind === 'sigterm').map(({ text }) => text.split(' ')[0]);
  expect(signalled).toStrictEqual(['pre-stop', 'app']);
});

it('kills what ignores SIGTERM after its stop timeout', async () => {
  const deaf = join(running.folder, 'deaf');
  const stubborn = ['sh', '-c', `trap '' TERM; : >'${deaf}'; while :; do sleep 0.05; done`];
  await serve(1, [{ name: 'app', command: stubborn, stopTimeoutSeconds: 0.2 }]);
  while (!existsSync(deaf)) await sleep(10);
  await scale(0);

  expect([...ecs.tasks.values()][0]?.containers[0]?.exitCode).toBe(137);
});

it('stops an old task in a deployment only when a new one is healthy', async () => {
  await serve(2);
  moments.length = 0;
  await serve(2);

  const order = kinds(['task-healthy', 'stop-ordered']);
  expect(order.slice(0, 2)).toStrictEqual(['task-healthy', expect.anything()]);
  expect(order.filter((kind) => kind === 'stop-ordered')).toHaveLength(2);
});

it('replaces a task that fails its checks after the start period, and says that it was unhealthy', async () => {
  speed.healthStartMs = 0;
  const deaf = { name: 'app', command: ['sleep', '60'], containerPort: 8080, healthCheck: true };
  const taskDefinition = ecs.registerTaskDefinition({ family: 'web', containers: [deaf] });
  ecs.putService({ ...fresh, desiredCount: 1, taskDefinition });
  while (ecs.tasks.size < 2) await sleep(10);

  expect(moments.find(({ kind }) => kind === 'stop-ordered')?.text).toContain('unhealthy');
  expect([...ecs.tasks.values()][0]?.healthStatus).toBe('UNHEALTHY');
});

it('waits the settling time where a new task has no health check', async () => {
  const plain = { ...app, healthCheck: false };
  await serve(1, [plain]);
  await serve(1, [plain]);

  const [older, newer] = [...ecs.tasks.values()];
  expect((older?.stoppingAt ?? 0) - (newer?.startedAt ?? 0)).toBeGreaterThanOrEqual(300);
});

it('replaces a task that was killed, and no other', async () => {
  await serve(3);
  const [killed, ...others] = [...ecs.tasks.keys()];
  ecs.killTask(killed ?? '');
  while (ecs.tasks.size < 4) await sleep(10);
  await steady();

  expect(kinds(['task-died', 'stop-ordered'])).toStrictEqual(['task-died']);
  expect(others.map((id) => ecs.tasks.get(id)?.desiredStatus)).toStrictEqual(['RUNNING', 'RUNNING']);
});

it('lists what shall run, describes what has stopped, and says what is missing', async () => {
  await serve(1);
  const handlers = ecsHandlers(ecs);
  const { taskArns } = handlers['ecs:ListTasks']({ cluster: 'c' });
  await scale(0);

  expect(handlers['ecs:ListTasks']({ cluster: 'c' }).taskArns).toStrictEqual([]);
  const { tasks, failures } = handlers['ecs:DescribeTasks']({ cluster: 'c', tasks: [...taskArns, 'x'] });
  expect(tasks.map(({ lastStatus }) => lastStatus)).toStrictEqual(['STOPPED']);
  expect(failures.map(({ reason }) => reason)).toStrictEqual(['MISSING']);
});

it('pages by at most a hundred', async () => {
  await serve(3);
  const { 'ecs:ListTasks': list } = ecsHandlers(ecs);

  const first = list({ cluster: 'c', maxResults: 2 });
  const second = list({ cluster: 'c', maxResults: 2, nextToken: first.nextToken as string });

  expect(new Set([...first.taskArns, ...second.taskArns]).size).toBe(3);
  expect(() => list({ cluster: 'c', maxResults: 101 })).toThrow('100');
});

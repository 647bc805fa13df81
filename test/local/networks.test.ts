import { setTimeout as sleep } from 'node:timers/promises';

import { delays } from '../../scripts/local/delays';
import { type Ecs, playEcs } from '../../scripts/local/ecs/ecs';
import { ecsHandlers } from '../../scripts/local/ecs/ecs-api';
import { twoHosts } from '../../scripts/local/ecs/hosts';
import { isSteady, type Service } from '../../scripts/local/ecs/services';
import type { TaskDefinitionInput } from '../../scripts/local/ecs/task';
import { type Processes, processes } from '../../scripts/local/processes';
import { type Timers, timers } from '../../scripts/local/timers';

let ecs: Ecs;
let running: Processes;
let clock: Timers;
let events: Record<string, unknown>[];

beforeEach(() => {
  [running, clock, events] = [processes(), timers(), []];
  ecs = playEcs(twoHosts('c'), {
    processes: running,
    timers: clock,
    delays: { ...delays, taskStartMs: 20, taskStoppedMs: 20, schedulerMs: 20, healthMs: 50, hostLostMs: 50 },
    say: () => {},
    putEvent: ({ detail }) => void events.push(detail as Record<string, unknown>),
  });
});
afterEach(async () => {
  clock.stop();
  await running.stop();
});

const app = {
  name: 'app',
  command: ['node', 'resources/hello-world/hello.mjs'],
  containerPort: 18_080,
  healthCheck: true,
};

/** Runs so many healthy tasks, and gives what DescribeTasks says of them. */
async function serve(rest: Partial<TaskDefinitionInput>, desiredCount = 1) {
  const taskDefinition = ecs.registerTaskDefinition({ family: 'web', containers: [app], ...rest });
  const service = { name: 'web', cluster: 'c', minimumHealthyPercent: 100, maximumPercent: 200 };
  ecs.putService({ ...service, taskDefinition, desiredCount });
  while (!isSteady(ecs.services.get('web') as Service, ecs.tasks.values())) await sleep(10);
  return ecsHandlers(ecs)['ecs:DescribeTasks']({ cluster: 'c', tasks: [...ecs.tasks.keys()] }).tasks;
}
const definition = () =>
  ecsHandlers(ecs)['ecs:DescribeTaskDefinition']({ taskDefinition: 'web' }).taskDefinition as {
    networkMode: string;
    containerDefinitions: { portMappings: object[] }[];
  };

it("runs a task in host mode at its host's address and port, which Docker does not tell", async () => {
  const [task] = await serve({ networkMode: 'host' });

  expect(task?.containers[0]).toMatchObject({ networkBindings: [], networkInterfaces: [] });
  expect(definition()).toMatchObject({ networkMode: 'host' });
  expect(definition().containerDefinitions[0]?.portMappings).toMatchObject([{ hostPort: 18_080 }]);
});

it('places one task a host in host mode, for its port is there once', async () => {
  const tasks = await serve({ networkMode: 'host' }, 2);

  ecs.putService({ ...(ecs.services.get('web') as Service), desiredCount: 3 });
  await sleep(150);

  expect(new Set(tasks.map(({ containerInstanceArn }) => containerInstanceArn)).size).toBe(2);
  expect(ecs.tasks.size).toBe(2);
});

it('gives each task in awsvpc mode an address of its own, in the API and in events', async () => {
  const tasks = await serve({ networkMode: 'awsvpc' }, 3);
  const addresses = tasks.map(({ containers }) => containers[0]?.networkInterfaces[0]?.privateIpv4Address);

  expect(new Set([...addresses, ...ecs.hosts.map(({ address }) => address)]).size).toBe(5);
  expect(tasks[0]?.containers[0]?.networkBindings).toStrictEqual([]);
  const attached = { type: 'eni', details: [{ name: 'privateIPv4Address', value: addresses[0] }] };
  expect(events.find(({ taskArn }) => taskArn === tasks[0]?.taskArn)).toMatchObject({ attachments: [attached] });
});

it('knows no container instance of a task on Fargate, and drains none away from it', async () => {
  const [task] = await serve({ networkMode: 'awsvpc', launchType: 'FARGATE' });
  for (const { ec2Id } of [...ecs.hosts]) ecs.instances.lose(ec2Id);
  await sleep(200);

  expect(task).toMatchObject({ launchType: 'FARGATE', containerInstanceArn: undefined });
  expect([...ecs.tasks.values()].map(({ lastStatus }) => lastStatus)).toStrictEqual(['RUNNING']);
});

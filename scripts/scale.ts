// `npm run scale`: what a reconcile costs with 1,000 tasks in 40 services, in AWS calls and CPU time. AWS is played; the SDK's
// clients, their signatures and the whole of lib are real.
import { EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SSMClient } from '@aws-sdk/client-ssm';

import { reconcileDeps } from '../lib/aws/reconcile-deps';
import type { Reflected } from '../lib/fleet/evidence';
import { type Message, reconcile } from '../lib/reconcile';
import { startApi } from './local/api/api';
import { parameterStore as playedStore } from './local/ssm/parameters';

const [taskCount, serviceCount, hostCount] = [1_000, 40, 50];
const credentials = { accessKeyId: 'ASIASCALE', secretAccessKey: 'secret', sessionToken: 'session' };
const arn = (path: string) => `arn:aws:ecs:eu-west-2:123456789012:${path}`;

const settings = {
  clusters: ['demo'],
  prefix: '/sluice/scale',
  syncDocument: 'sluice-scale-sync',
  proxyTag: 'scale',
  addresses: [],
  certificates: [],
};

void main();

async function main(): Promise<void> {
  const fleet = playFleet();
  const handlers = { ...playedStore().handlers, ...fleet.handlers, 'ssm:SendCommand': () => ({ Command: {} }) };
  const api = await startApi([{ ...credentials, role: 'Reconcile', refused: async () => undefined }], handlers);
  const client = { region: 'eu-west-2', endpoint: api.endpoint, credentials };
  const clients = { ecs: new ECSClient(client), ec2: new EC2Client(client), ssm: new SSMClient(client) };
  const deps = { ...reconcileDeps(clients, settings), probe: async () => undefined };
  const reflected: Reflected = { tasks: new Map() };

  const measure = async (what: string, body: object): Promise<void> => {
    const [calls, cpu] = [api.calls.length, process.cpuUsage()];
    const message: Message = { body: JSON.stringify(body), receives: 1 };
    const { action } = await reconcile([message], deps, reflected);
    const { user, system } = process.cpuUsage(cpu);
    report(
      what,
      action,
      api.calls.slice(calls).map((call) => call.action),
      (user + system) / 1000,
    );
  };

  console.log(
    `${taskCount} tasks in ${serviceCount} services on ${hostCount} hosts; calls by kind, CPU of one process\n`,
  );
  await measure('first generation, cold', { source: 'sluice.tick' });
  await measure('no change, tick', { source: 'sluice.tick' });
  await measure('no change, event seen before', fleet.event());
  await measure('no change, unclear event', { source: 'sluice.renew' });
  fleet.stopOne();
  await measure('one task told to stop', fleet.event());
  await api.stop();
}

function report(what: string, action: string, actions: readonly string[], cpuMilliseconds: number): void {
  const counts = new Map<string, number>();
  for (const each of actions) counts.set(each, (counts.get(each) ?? 0) + 1);
  const writes = actions.filter((each) => each === 'ssm:PutParameter').length;
  const calls = [...counts].map(([name, count]) => `${name} ${count}`).join(', ') || 'none';
  console.log(
    `${what}: ${action}, ${actions.length} calls, ${writes} writes, ${Math.round(cpuMilliseconds)} ms CPU\n  ${calls}`,
  );
}

/** A cluster that answers as ECS does, in pages of a hundred. CPU includes playing it. */
function playFleet() {
  const ids = Array.from({ length: taskCount }, (_, index) => index.toString(16).padStart(32, '0'));
  const state = { stopping: false };
  const service = (index: number) => `service-${index % serviceCount}`;
  const host = (index: number) => index % hostCount;

  const task = (id: string) => {
    const index = Number.parseInt(id, 16);
    const stopping = state.stopping && index === 0;
    const hostPort = 32768 + Math.floor(index / hostCount);
    return {
      taskArn: arn(`task/demo/${id}`),
      taskDefinitionArn: arn(`task-definition/${service(index)}:1`),
      containerInstanceArn: arn(`container-instance/demo/${host(index)}`),
      group: `service:${service(index)}`,
      startedBy: 'ecs-svc/1',
      version: stopping ? 4 : 3,
      createdAt: 1_700_000_000,
      desiredStatus: stopping ? 'STOPPED' : 'RUNNING',
      lastStatus: 'RUNNING',
      containers: [{ name: 'web', lastStatus: 'RUNNING', networkBindings: [{ containerPort: 8080, hostPort }] }],
    };
  };
  return {
    event: () => {
      const { createdAt: _, ...detail } = task(ids[0] ?? '');
      const time = new Date().toISOString();
      return { source: 'aws.ecs', 'detail-type': 'ECS Task State Change', time, detail };
    },
    stopOne: () => {
      state.stopping = true;
    },
    handlers: {
      'ecs:ListTasks': ({ nextToken = '0' }: { nextToken?: string }) => {
        const from = Number(nextToken);
        const taskArns = ids.slice(from, from + 100).map((id) => arn(`task/demo/${id}`));
        return { taskArns, ...(from + 100 < ids.length && { nextToken: String(from + 100) }) };
      },
      'ecs:DescribeTasks': ({ tasks }: { tasks: string[] }) => ({ tasks: tasks.map(task), failures: [] }),
      'ecs:DescribeTaskDefinition': ({ taskDefinition }: { taskDefinition: string }) => {
        const name = /\/([^:]+):/.exec(taskDefinition)?.[1] ?? '';
        const dockerLabels = { 'haproxy.host': `${name}.example.com`, 'haproxy.check': '/health' };
        const portMappings = [{ containerPort: 8080 }];
        return { taskDefinition: { revision: 1, containerDefinitions: [{ name: 'web', dockerLabels, portMappings }] } };
      },
      'ecs:DescribeContainerInstances': ({ containerInstances }: { containerInstances: string[] }) => ({
        containerInstances: containerInstances.map((containerInstanceArn) => ({
          containerInstanceArn,
          ec2InstanceId: `i-${containerInstanceArn.split('/').at(-1)}`,
          status: 'ACTIVE',
        })),
      }),
      'ec2:DescribeInstances': () => ({
        reservationSet: Array.from({ length: hostCount }, (_, index) => ({
          instancesSet: [{ instanceId: `i-${index}`, privateIpAddress: `10.0.${index}.7` }],
        })),
      }),
    },
  };
}

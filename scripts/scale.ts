// `npm run scale`: the cost of a reconcile with 1,000 tasks in 40 services, in AWS calls and CPU time; `-- 5000` for 5,000 tasks. AWS is
// played, which the CPU time includes; the SDK's clients, their signatures and the whole of lib are real.
import { EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SNSClient } from '@aws-sdk/client-sns';
import { SSMClient } from '@aws-sdk/client-ssm';

import { reconcileDeps } from '../lib/aws/reconcile-deps';
import { usualSettings } from '../lib/haproxy/stage';
import { reconcile } from '../lib/reconcile';
import { startApi } from './local/api/api';
import { parameterStore } from './local/ssm/parameters';

const [serviceCount, hostCount] = [40, 50];
const taskCount = Number(process.argv[2] ?? 1_000);
const credentials = { accessKeyId: 'ASIASCALE', secretAccessKey: 'secret', sessionToken: 'session' };
const stage = { clusters: ['demo'], prefix: '/sluice/scale', syncDocument: 'sluice-scale-sync', proxyTag: 'scale' };
const names = { ...stage, alarmTopic: 'arn:aws:sns:eu-west-2:123456789012:sluice-scale' };

const arn = (path: string) => `arn:aws:ecs:eu-west-2:123456789012:${path}`;
const ids = Array.from({ length: taskCount }, (_, index) => index.toString(16).padStart(32, '0'));
let isFirstStopping = false;

/** A task as ECS describes it, and as its events hold it. */
function describeTask(id: string) {
  const index = Number.parseInt(id, 16);
  const [service, isStopping] = [`service-${index % serviceCount}`, isFirstStopping && index === 0];
  const networkBindings = [{ containerPort: 8080, hostPort: 32768 + Math.floor(index / hostCount) }];
  return {
    taskArn: arn(`task/demo/${id}`),
    taskDefinitionArn: arn(`task-definition/${service}:1`),
    containerInstanceArn: arn(`container-instance/demo/${index % hostCount}`),
    group: `service:${service}`,
    startedBy: 'ecs-svc/1',
    version: isStopping ? 4 : 3,
    desiredStatus: isStopping ? 'STOPPED' : 'RUNNING',
    lastStatus: 'RUNNING',
    containers: [{ name: 'web', lastStatus: 'RUNNING', networkBindings }],
  };
}

/** Answers in pages of a hundred, as ECS does. */
const handlers = {
  ...parameterStore().handlers,
  'ssm:SendCommand': () => ({ Command: {} }),
  'ecs:ListTasks': ({ nextToken = '0' }: { nextToken?: string }) => {
    const to = Number(nextToken) + 100;
    const taskArns = ids.slice(to - 100, to).map((id) => arn(`task/demo/${id}`));
    return { taskArns, ...(to < ids.length && { nextToken: String(to) }) };
  },
  'ecs:DescribeTasks': ({ tasks }: { tasks: string[] }) => ({ tasks: tasks.map(describeTask), failures: [] }),
  'ecs:DescribeTaskDefinition': ({ taskDefinition }: { taskDefinition: string }) => {
    const name = /\/([^:]+):/.exec(taskDefinition)?.[1] ?? '';
    const dockerLabels = { 'haproxy.host': `${name}.example.com`, 'haproxy.check': '/health' };
    const containerDefinitions = [{ name: 'web', dockerLabels, portMappings: [{ containerPort: 8080 }] }];
    return { taskDefinition: { revision: 1, containerDefinitions } };
  },
  'ecs:DescribeContainerInstances': ({ containerInstances }: { containerInstances: string[] }) => ({
    containerInstances: containerInstances.map((containerInstanceArn) => {
      return { containerInstanceArn, ec2InstanceId: `i-${containerInstanceArn.split('/').at(-1)}`, status: 'ACTIVE' };
    }),
  }),
  'ecs:DescribeServices': ({ services }: { services: string[] }) => ({
    services: services.map((serviceName) => {
      const runningCount = taskCount / serviceCount;
      return { serviceName, status: 'ACTIVE', runningCount, desiredCount: runningCount };
    }),
  }),
  'ec2:DescribeInstances': () => ({
    reservationSet: Array.from({ length: hostCount }, (_, index) => ({
      instancesSet: [{ instanceId: `i-${index}`, privateIpAddress: `10.0.${index}.7` }],
    })),
  }),
};

const tick = { source: 'sluice.tick' };
const event = () => {
  const time = new Date().toISOString();
  return { source: 'aws.ecs', 'detail-type': 'ECS Task State Change', time, detail: describeTask(ids[0] ?? '') };
};

const quiet = { probe: async () => undefined, countFaults: () => undefined };

async function main(): Promise<void> {
  const api = await startApi([{ ...credentials, role: 'Reconcile', refused: async () => undefined }], handlers);
  const client = { region: 'eu-west-2', endpoint: api.endpoint, credentials };
  const [ecs, ec2, ssm] = [new ECSClient(client), new EC2Client(client), new SSMClient(client)];
  const clients = { ecs, ec2, ssm, sns: new SNSClient(client) };
  const deps = reconcileDeps(clients, { ...names, addresses: [], certificates: [], stageSettings: usualSettings });
  const reflected = { tasks: new Map() };

  const measure = async (what: string, body: object): Promise<void> => {
    const [before, cpu] = [api.calls.length, process.cpuUsage()];
    const messages = [{ body: JSON.stringify(body), receives: 1 }];
    const { action } = await reconcile(messages, { ...deps, ...quiet }, reflected);
    const { user, system } = process.cpuUsage(cpu);
    const calls = api.calls.slice(before).map((call) => call.action);
    const kinds = [...new Set(calls)].map((kind) => `${kind} ${calls.filter((each) => each === kind).length}`);
    const writes = calls.filter((each) => each === 'ssm:PutParameter').length;
    const figures = `${calls.length} calls, ${writes} writes, ${Math.round((user + system) / 1000)} ms CPU`;
    console.log(`${what}: ${action}, ${figures}\n  ${kinds.join(', ') || 'none'}`);
  };

  console.log(`${taskCount} tasks in ${serviceCount} services on ${hostCount} hosts; CPU of one process\n`);
  await measure('first generation, cold', tick);
  await measure('no change, tick', tick);
  await measure('no change, known event', event());
  await measure('no change, unclear event', { source: 'sluice.renew' });
  isFirstStopping = true;
  await measure('one task with a stop order', event());
  await api.stop();
}

void main();

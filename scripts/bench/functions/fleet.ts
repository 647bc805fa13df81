import type { Handlers } from '../../local/api/api';
import { parameterStore } from '../../local/ssm/parameters';

export type Size = {
  readonly tasks: number;
  readonly services: number;
  readonly hosts: number;
  /** Of each service, unless it is one of all. Only those of revision 1 have labels. */
  readonly revisions?: number;
};

const arn = (path: string) => `arn:aws:ecs:eu-west-2:123456789012:${path}`;

type State = { readonly size: Size; readonly orders: Map<number, number> };

/** AWS with a fleet that runs: what reconcile asks of it, in pages of a hundred tasks as ECS answers. Another fleet has parameters of its own. */
export function playFleet(size: Size) {
  const state: State = { size, orders: new Map() };
  const handlers: Handlers = { ...parameterStore().handlers, ...tasksOf(state), ...surroundingsOf(state), ...said };
  return {
    handlers,
    /** Gives a task its stop order, or takes it a step further, and returns the body of the event that ECS sends. */
    stop: (index: number): string => {
      state.orders.set(index, (state.orders.get(index) ?? 0) + 1);
      return eventOf(state, index);
    },
  };
}

const said: Handlers = {
  'ssm:SendCommand': () => ({ Command: {} }),
  'sns:Publish': () => ({ PublishResult: { MessageId: '1' } }),
};

const tasksOf = (state: State): Handlers => ({
  'ecs:ListTasks': ({ nextToken = '0' }: { nextToken?: string }) => {
    const [from, to] = [Number(nextToken), Math.min(Number(nextToken) + 100, state.size.tasks)];
    const taskArns = Array.from({ length: to - from }, (_, index) => taskArn(from + index));
    return { taskArns, ...(to < state.size.tasks && { nextToken: String(to) }) };
  },
  'ecs:DescribeTasks': ({ tasks }: { tasks: string[] }) => {
    const indices = tasks.map((task) => Number.parseInt(task.slice(-32), 16));
    return { tasks: indices.map((index) => describeTask(state, index)), failures: [] };
  },
});

const taskArn = (index: number): string => arn(`task/demo/${index.toString(16).padStart(32, '0')}`);

/** As ECS describes it, and as its events hold it. */
function describeTask({ size, orders }: State, index: number) {
  const { services, hosts, revisions = 1 } = size;
  const [service, steps] = [`service-${index % services}`, orders.get(index) ?? 0];
  const networkBindings = [{ containerPort: 8080, hostPort: 32768 + Math.floor(index / hosts) }];
  return {
    taskArn: taskArn(index),
    taskDefinitionArn: arn(`task-definition/${service}:${1 + (Math.floor(index / services) % revisions)}`),
    containerInstanceArn: arn(`container-instance/demo/${index % hosts}`),
    group: `service:${service}`,
    startedBy: 'ecs-svc/1',
    version: 3 + steps,
    desiredStatus: steps > 0 ? 'STOPPED' : 'RUNNING',
    lastStatus: 'RUNNING',
    containers: [{ name: 'web', lastStatus: 'RUNNING', networkBindings }],
  };
}

function eventOf(state: State, index: number): string {
  const detail = { ...describeTask(state, index), clusterArn: arn('cluster/demo') };
  const time = new Date().toISOString();
  return JSON.stringify({ source: 'aws.ecs', 'detail-type': 'ECS Task State Change', time, detail });
}

const surroundingsOf = ({ size }: State): Handlers => ({
  'ecs:DescribeTaskDefinition': ({ taskDefinition }: { taskDefinition: string }) => {
    const [, name = '', revision = ''] = /\/([^:]+):(\d+)$/.exec(taskDefinition) ?? [];
    const dockerLabels = revision === '1' ? { 'haproxy.host': `${name}.example.com`, 'haproxy.check': '/health' } : {};
    const containerDefinitions = [{ name: 'web', dockerLabels, portMappings: [{ containerPort: 8080 }] }];
    return { taskDefinition: { revision: Number(revision), containerDefinitions } };
  },
  'ecs:DescribeContainerInstances': ({ containerInstances }: { containerInstances: string[] }) => ({
    containerInstances: containerInstances.map((containerInstanceArn) => {
      return { containerInstanceArn, ec2InstanceId: `i-${containerInstanceArn.split('/').at(-1)}`, status: 'ACTIVE' };
    }),
  }),
  'ecs:DescribeServices': ({ services }: { services: string[] }) => ({
    services: services.map((serviceName) => {
      const runningCount = Math.ceil(size.tasks / size.services);
      return { serviceName, status: 'ACTIVE', runningCount, desiredCount: runningCount };
    }),
  }),
  'ec2:DescribeInstances': () => ({
    reservationSet: Array.from({ length: size.hosts }, (_, index) => ({
      instancesSet: [{ instanceId: `i-${index}`, privateIpAddress: `10.0.${index}.7` }],
    })),
  }),
});

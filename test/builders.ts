import type { Definition, Fleet } from '../lib/fleet/fleet';
import type { Task } from '../lib/fleet/task';
import type { Backend } from '../lib/haproxy/backend';

/** A running task of demo/shop, whose container `web` is mapped from 8080 to the host port. */
export const task = (id: string, { hostPort = 32768, ...given }: Partial<Task> & { hostPort?: number } = {}): Task => ({
  id,
  cluster: 'demo',
  service: 'shop',
  version: 3,
  definition: 'shop:1',
  family: 'shop',
  instance: 'host-1',
  createdAt: 1_000,
  state: 'running',
  unhealthy: false,
  external: false,
  containers: [{ name: 'web', running: true, bindings: [{ containerPort: 8080, hostPort, count: 1 }] }],
  ...given,
});

/** A task definition with one container `web`. */
export const definition = (labels: Record<string, string>, revision = 1, ports: number[] = [8080]): Definition => ({
  revision,
  network: 'bridge',
  containers: [{ name: 'web', labels, ports, ranges: [] }],
});

/** What ECS and EC2 say: these tasks, and the definition `shop:1` with the host shop.example.com unless others are given. */
export const fleet = (tasks: readonly Task[], definitions: Record<string, Definition> = {}): Fleet => ({
  tasks,
  definitions: new Map(
    Object.entries({ 'shop:1': definition({ 'haproxy.host': 'shop.example.com' }), ...definitions }),
  ),
  hosts: new Map([
    ['host-1', { instanceId: 'i-1', address: '10.0.1.7', draining: false }],
    ['host-2', { instanceId: 'i-2', address: '10.0.2.9', draining: false }],
  ]),
  secrets: new Map(),
  clusters: ['demo'],
  missingClusters: [],
  unread: [],
});

/** The backend of demo/shop, published at epoch second 100, with servers on 10.0.1.7 as `{ id: hostPort }`. */
export const backend = (servers: Record<string, number> = {}, given: Partial<Backend> = {}): Backend => ({
  name: 'demo.shop',
  cluster: 'demo',
  service: 'shop',
  container: 'web',
  port: 8080,
  routes: [{ host: 'shop.example.com', path: '/', since: 100 }],
  labels: {},
  servers: Object.entries(servers).map(([name, port]) => ({ name, address: '10.0.1.7', port })),
  stopped: {},
  warned: {},
  ...given,
});

const bound = (bindIP: string) => ({ bindIP, containerPort: 8080, hostPort: 32768, protocol: 'tcp' });

/** An event as EventBridge would put it into the queue; `detail` overrides what the rule looks at. */
export const taskEvent = (id: string, detail: Record<string, unknown> = {}, at = new Date(0)): string =>
  JSON.stringify({
    version: '0',
    id: `event-${id}`,
    'detail-type': 'ECS Task State Change',
    source: 'aws.ecs',
    account: '123456789012',
    time: at.toISOString(),
    region: 'eu-west-2',
    resources: [taskArn(id)],
    detail: {
      attachments: [],
      clusterArn: 'arn:aws:ecs:eu-west-2:123456789012:cluster/demo',
      containerInstanceArn: 'host-1',
      containers: [{ name: 'web', lastStatus: 'RUNNING', networkBindings: ['0.0.0.0', '::'].map(bound) }],
      createdAt: new Date(1_000).toISOString(),
      desiredStatus: 'RUNNING',
      group: 'service:shop',
      lastStatus: 'RUNNING',
      launchType: 'EC2',
      taskArn: taskArn(id),
      taskDefinitionArn: 'shop:1',
      startedBy: 'ecs-svc/1234',
      version: 3,
      ...detail,
    },
  });

export const taskArn = (id: string): string => `arn:aws:ecs:eu-west-2:123456789012:task/demo/${id}`;

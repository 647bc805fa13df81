import { z } from 'zod';

/** Consecutive ports, with both ends. */
export type PortRange = { readonly from: number; readonly to: number };

/** A task as ECS tells it, by `DescribeTasks` or in an event: the plain struct between AWS and the rest. */
export type Task = {
  readonly id: string;
  /** Cluster name. */
  readonly cluster: string;
  /** The service's name; for a task that no service started its family behind a dot, which no name of ECS can hold. */
  readonly service: string;
  /** Grows with every change of the task (AWS: ECS events, `detail.version`). */
  readonly version: number;
  readonly definition: string;
  /** Of the task definition. */
  readonly family: string;
  /** The container instance it runs on; absent on Fargate. */
  readonly instance?: string;
  readonly createdAt: number;
  readonly state: 'starting' | 'running' | 'stopping';
  readonly unhealthy: boolean;
  /** On a machine outside AWS (ECS Anywhere), where the proxy cannot reach it. */
  readonly external: boolean;
  readonly containers: readonly Container[];
};

type Container = {
  readonly name: string;
  readonly running: boolean;
  /** Bridge mode: what Docker bound on the host for TCP. */
  readonly bindings: readonly Binding[];
  /** `awsvpc` mode: the task's own address. */
  readonly address?: string;
  /** `awsvpc` mode: its only address is an IPv6 one. */
  readonly ipv6Only?: true;
};
/** `count` consecutive ports of a container on as many of its host, from these on. */
type Binding = { readonly containerPort: number; readonly hostPort: number; readonly count: number };

const networkBinding = z.object({
  bindIP: z.string().optional(),
  containerPort: z.number().optional(),
  hostPort: z.number().optional(),
  /** Instead of the two above, such as `8000-8010` (AWS: NetworkBinding). */
  containerPortRange: z.string().optional(),
  hostPortRange: z.string().optional(),
  protocol: z.string().optional(),
});

const record = z.object({
  taskArn: z.string().regex(/^arn:[^:]+:ecs:[^:]*:[^:]*:task\/[^/]+\/[A-Za-z0-9-]+$/),
  taskDefinitionArn: z.string(),
  containerInstanceArn: z.string().optional(),
  group: z.string().optional(),
  startedBy: z.string().optional(),
  version: z.number(),
  createdAt: z.union([z.string(), z.date()]).optional(),
  desiredStatus: z.string(),
  lastStatus: z.string(),
  healthStatus: z.string().optional(),
  launchType: z.string().optional(),
  containers: z
    .array(
      z.object({
        name: z.string(),
        lastStatus: z.string().optional(),
        networkInterfaces: z
          .array(z.object({ privateIpv4Address: z.string().optional(), ipv6Address: z.string().optional() }))
          .optional(),
        networkBindings: z.array(networkBinding).optional(),
      }),
    )
    .default([]),
});

type Raw = z.infer<typeof record>;

/**
 * Reads what the API and the events share; their other fields and formats differ.
 *
 * @throws ZodError, which names each field that is missing or wrong.
 */
export function parseTask(input: unknown): Task {
  const task = record.parse(input);
  const [, cluster = '', id = ''] = task.taskArn.split('/');
  const [, family = ''] = /([^/:]+):\d+$/.exec(task.taskDefinitionArn) ?? [];
  return {
    id,
    cluster,
    service: serviceOf(task) ?? `.${family}`,
    version: task.version,
    definition: task.taskDefinitionArn,
    family,
    ...(task.containerInstanceArn === undefined ? {} : { instance: task.containerInstanceArn }),
    createdAt: new Date(task.createdAt ?? 0).getTime(),
    state: stateOf(task),
    unhealthy: task.healthStatus === 'UNHEALTHY',
    external: task.launchType === 'EXTERNAL',
    containers: task.containers.map(parseContainer),
  };
}

/**
 * AWS refuses a caller the group `service:…` ("Invalid namespace for group"), but no document says so; `startedBy` is the
 * caller's free text. Both together are what only ECS writes.
 */
const serviceOf = ({ group = '', startedBy = '' }: Raw): string | undefined =>
  startedBy.startsWith('ecs-svc/') ? /^service:(.+)$/.exec(group)?.[1] : undefined;

function parseContainer({
  name,
  lastStatus,
  networkBindings = [],
  networkInterfaces = [],
}: Raw['containers'][number]): Container {
  const [address] = networkInterfaces.flatMap(({ privateIpv4Address }) => privateIpv4Address ?? []);
  const ipv6Only = address === undefined && networkInterfaces.some(({ ipv6Address }) => ipv6Address !== undefined);
  return {
    name,
    running: lastStatus === 'RUNNING',
    bindings: tcpBindings(networkBindings),
    ...(address === undefined ? {} : { address }),
    ...(ipv6Only ? { ipv6Only } : {}),
  };
}

/** The stop order, not the stop, is what ends a task's service: `STOPPED` comes after its containers are gone. */
const stateOf = ({ desiredStatus, lastStatus }: Raw): Task['state'] => {
  if (desiredStatus === 'STOPPED' || /^(DEACTIVATING|STOPPING|DEPROVISIONING|STOPPED|DELETED)$/.test(lastStatus)) {
    return 'stopping';
  }
  return lastStatus === 'RUNNING' ? 'running' : 'starting';
};

/**
 * Docker binds a port once for IPv4 and once for IPv6, not always to the same port of the host, and in no fixed order. The
 * proxy reaches the IPv4 one; a port bound for IPv6 alone may accept IPv4 too, so it is kept where there is no other.
 */
function tcpBindings(raw: readonly RawBinding[]): readonly Binding[] {
  const tcp = raw.filter(({ protocol = 'tcp' }) => protocol.toLowerCase() === 'tcp');
  const ipv4 = tcp.filter(({ bindIP = '' }) => !bindIP.includes(':')).flatMap(toBinding);
  const ipv6 = tcp.filter(({ bindIP = '' }) => bindIP.includes(':')).flatMap(toBinding);
  const alone = ipv6.filter(({ containerPort }) => !ipv4.some((each) => each.containerPort === containerPort));
  const distinct = new Map([...ipv4, ...alone].map((each) => [`${each.containerPort}:${each.hostPort}`, each]));
  return [...distinct.values()].sort((a, b) => a.containerPort - b.containerPort || a.hostPort - b.hostPort);
}

type RawBinding = z.infer<typeof networkBinding>;

function toBinding({ containerPort, hostPort, containerPortRange, hostPortRange }: RawBinding): readonly Binding[] {
  if (containerPort && hostPort) return [{ containerPort, hostPort, count: 1 }];
  const [container, host] = [readRange(containerPortRange), readRange(hostPortRange)];
  if (container === undefined || host === undefined) return [];
  return [{ containerPort: container.from, hostPort: host.from, count: container.to - container.from + 1 }];
}

/** Reads `8000-8010`; both ends belong to the range (AWS: PortMapping, `containerPortRange`). */
export function readRange(text = ''): PortRange | undefined {
  const [, from, to] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  return from === undefined || Number(from) > Number(to) ? undefined : { from: Number(from), to: Number(to) };
}

import * as z from 'zod/mini';

import { readFields } from './fields';

/** A task, as `DescribeTasks` and events describe it. */
export type Task = {
  readonly id: string;
  readonly cluster: string;
  /** The service's name, or for a task that was started alone a dot and its family; names of ECS have no dot. */
  readonly service: string;
  /** Grows with every change (AWS: ECS events, `detail.version`). */
  readonly version: number;
  readonly definition: string;
  readonly family: string;
  /** Absent on Fargate. */
  readonly instance?: string;
  readonly createdAt: number;
  readonly state: 'starting' | 'running' | 'stopping';
  readonly unhealthy: boolean;
  /** ECS Anywhere, where the proxy cannot reach it. */
  readonly external: boolean;
  readonly containers: readonly Container[];
};

type Container = {
  readonly name: string;
  readonly running: boolean;
  readonly bindings: readonly Binding[];
  /** Only in `awsvpc` mode. */
  readonly address?: string;
  readonly ipv6Only?: true;
};

/** Inclusive. */
export type PortRange = { readonly from: number; readonly to: number };

/** `count` consecutive ports of a container, bound to as many of its instance. */
type Binding = { readonly containerPort: number; readonly hostPort: number; readonly count: number };

const isPort = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= 65_535;
/** 0 where none is bound. */
export const portNumber = z.number().check(z.refine(isPort, 'the number of a port'));

/** AWS: NetworkBinding. It has either a single port or a range, such as `8000-8010`. */
const networkBinding = z.object({
  bindIP: z.optional(z.string()),
  containerPort: z.optional(portNumber),
  hostPort: z.optional(portNumber),
  containerPortRange: z.optional(z.string()),
  hostPortRange: z.optional(z.string()),
  protocol: z.optional(z.string()),
});

const networkInterface = z.object({
  privateIpv4Address: z.optional(z.ipv4('an IPv4 address')),
  ipv6Address: z.optional(z.string()),
});

const record = z.object({
  taskArn: z
    .string()
    .check(z.regex(/^arn:[^:]+:ecs:[^:]*:[^:]*:task\/[A-Za-z0-9_-]+\/[A-Za-z0-9-]+$/, 'the ARN of a task')),
  taskDefinitionArn: z.string().check(z.regex(/^[\x21-\x7e]+$/, 'an ARN')),
  containerInstanceArn: z.optional(z.string()),
  // It becomes the name of a backend (AWS: CreateService, serviceName).
  group: z.optional(z.string().check(z.regex(/^(?!service:)|^service:[A-Za-z0-9_-]+$/, 'the group of a service'))),
  startedBy: z.optional(z.string()),
  version: z.number(),
  createdAt: z.optional(
    z
      .union([z.string(), z.date()], 'a time')
      .check(z.refine((time) => !Number.isNaN(new Date(time).getTime()), 'a time')),
  ),
  desiredStatus: z.string(),
  lastStatus: z.string(),
  healthStatus: z.optional(z.string()),
  launchType: z.optional(z.string()),
  containers: z._default(
    z.array(
      z.object({
        name: z.string().check(z.minLength(1, 'a name')),
        lastStatus: z.optional(z.string()),
        networkInterfaces: z._default(z.array(networkInterface), []),
        networkBindings: z._default(z.array(networkBinding), []),
      }),
    ),
    [],
  ),
});

type Raw = z.infer<typeof record>;
type RawBinding = z.infer<typeof networkBinding>;

/** Reads only fields that the API and the events share. @throws Unreadable, with the missing or wrong fields. */
export function parseTask(input: unknown): Task {
  const task = readFields(record, input);
  const [, cluster = '', id = ''] = task.taskArn.split('/');
  const [, family = ''] = /([A-Za-z0-9_-]+):\d+$/.exec(task.taskDefinitionArn) ?? [];
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
    containers: task.containers.map(toContainer),
  };
}

/** Only ECS sets both: `startedBy` is free text, and AWS refuses callers the group `service:…`, though no document says so. */
const serviceOf = ({ group = '', startedBy = '' }: Raw): string | undefined =>
  startedBy.startsWith('ecs-svc/') ? /^service:(.+)$/.exec(group)?.[1] : undefined;

/** `STOPPED` comes only after the containers are gone, so the stop order counts. */
const stateOf = ({ desiredStatus, lastStatus }: Raw): Task['state'] => {
  if (desiredStatus === 'STOPPED' || /^(DEACTIVATING|STOPPING|DEPROVISIONING|STOPPED|DELETED)$/.test(lastStatus)) {
    return 'stopping';
  }
  return lastStatus === 'RUNNING' ? 'running' : 'starting';
};

function toContainer({ name, lastStatus, networkBindings, networkInterfaces }: Raw['containers'][number]): Container {
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

/**
 * Docker binds a port for IPv4 and for IPv6, perhaps to different ports, in no fixed order. The proxy uses the IPv4 one. A port bound only
 * to `::` comes last: Linux accepts IPv4 there too, unless IPV6_V6ONLY is set (ipv6(7)).
 */
function tcpBindings(raw: readonly RawBinding[]): readonly Binding[] {
  const tcp = raw.filter(({ protocol = 'tcp' }) => protocol.toLowerCase() === 'tcp');
  const ipv4 = tcp.filter(({ bindIP = '' }) => !bindIP.includes(':')).flatMap(toBinding);
  const ipv6 = tcp.filter(({ bindIP = '' }) => bindIP.includes(':')).flatMap(toBinding);
  const alone = ipv6.filter((port) => !ipv4.some((each) => covers(each, port)));
  return [...ipv4.sort(byPort), ...alone.sort(byPort)];
}

const covers = (a: Binding, b: Binding): boolean =>
  a.containerPort <= b.containerPort && b.containerPort + b.count <= a.containerPort + a.count;
const byPort = (a: Binding, b: Binding): number => a.containerPort - b.containerPort || a.hostPort - b.hostPort;

function toBinding({ containerPort, hostPort, containerPortRange, hostPortRange }: RawBinding): readonly Binding[] {
  if (containerPort && hostPort) return [{ containerPort, hostPort, count: 1 }];
  const [container, host] = [readRange(containerPortRange), readRange(hostPortRange)];
  if (container === undefined || host === undefined || length(container) !== length(host)) return [];
  return [{ containerPort: container.from, hostPort: host.from, count: length(container) }];
}

const length = ({ from, to }: PortRange): number => to - from + 1;

/** AWS: PortMapping, `containerPortRange`. */
export function readRange(text = ''): PortRange | undefined {
  const [, from, to] = (/^(\d{1,5})-(\d{1,5})$/.exec(text) ?? []).map(Number);
  if (from === undefined || to === undefined) return undefined;
  return from > 0 && from <= to && isPort(to) ? { from, to } : undefined;
}

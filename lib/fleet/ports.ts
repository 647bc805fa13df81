import { z } from 'zod';

/** Consecutive ports, with both ends. */
export type PortRange = { readonly from: number; readonly to: number };

/** `count` consecutive ports of a container on as many of its host, from these on. */
export type Binding = { readonly containerPort: number; readonly hostPort: number; readonly count: number };

/** A port that Docker bound for a container, as ECS describes it (AWS: NetworkBinding). */
export const networkBinding = z.object({
  bindIP: z.string().optional(),
  containerPort: z.number().optional(),
  hostPort: z.number().optional(),
  /** Instead of the two above, such as `8000-8010`. */
  containerPortRange: z.string().optional(),
  hostPortRange: z.string().optional(),
  protocol: z.string().optional(),
});

/**
 * Docker binds a port once for IPv4 and once for IPv6, not always to the same port of the host, and in no fixed order. The
 * proxy reaches the IPv4 one. A port bound to `::` alone is the last resort: Linux takes IPv4 there too, unless told otherwise
 * (ipv6(7), IPV6_V6ONLY).
 */
export function tcpBindings(raw: readonly RawBinding[]): readonly Binding[] {
  const tcp = raw.filter(({ protocol = 'tcp' }) => protocol.toLowerCase() === 'tcp');
  const ipv4 = tcp.filter(({ bindIP = '' }) => !bindIP.includes(':')).flatMap(toBinding);
  const ipv6 = tcp.filter(({ bindIP = '' }) => bindIP.includes(':')).flatMap(toBinding);
  const alone = ipv6.filter((port) => !ipv4.some((each) => covers(each, port)));
  return [...ipv4.sort(byPort), ...alone.sort(byPort)];
}

const covers = (a: Binding, b: Binding): boolean =>
  a.containerPort <= b.containerPort && b.containerPort + b.count <= a.containerPort + a.count;
const byPort = (a: Binding, b: Binding): number => a.containerPort - b.containerPort || a.hostPort - b.hostPort;

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

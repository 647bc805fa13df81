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
 * proxy reaches the IPv4 one; a port bound for IPv6 alone may accept IPv4 too, so it is kept where there is no other.
 */
export function tcpBindings(raw: readonly RawBinding[]): readonly Binding[] {
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

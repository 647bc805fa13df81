import * as z from 'zod/mini';

import { readFields } from './fields';
import type { Definition, LabelledContainer } from './fleet';
import { portNumber, readRange } from './task';

/** Reads what `DescribeTaskDefinition` and a file for `register-task-definition` share. @throws Unreadable, with the wrong fields. */
export function parseDefinition(input: unknown): Definition {
  const { revision, networkMode, containerDefinitions } = readFields(described, input);
  const containers = containerDefinitions.map(({ name, dockerLabels: labels, portMappings }) => ({
    name,
    labels,
    ...tcpPorts(portMappings),
  }));
  return { revision, network: networkMode, containers };
}

/** `nat` and `default` are those of Windows: ports are bound on the host, as in `bridge`. */
const networks = ['bridge', 'host', 'awsvpc', 'none', 'default', 'nat'];
const portMapping = z.object({
  containerPort: z.optional(portNumber),
  containerPortRange: z.optional(z.string()),
  protocol: z.optional(z.string()),
});
const described = z.object({
  revision: z.number(),
  networkMode: z._default(z.enum(networks, `one of ${networks.join(', ')}`), 'bridge'),
  containerDefinitions: z.array(
    z.object({
      name: z.string().check(z.minLength(1, 'a name')),
      dockerLabels: z._default(z.record(z.string(), z.string()), {}),
      portMappings: z._default(z.array(portMapping), []),
    }),
  ),
});

function tcpPorts(mappings: readonly z.infer<typeof portMapping>[]): Pick<LabelledContainer, 'ports' | 'ranges'> {
  const tcp = mappings.filter(({ protocol }) => protocol !== 'udp');
  return {
    ports: [...new Set(tcp.flatMap(({ containerPort }) => containerPort ?? []))],
    ranges: tcp.flatMap(({ containerPortRange }) => readRange(containerPortRange) ?? []),
  };
}

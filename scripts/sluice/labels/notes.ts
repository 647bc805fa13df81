import { z } from 'zod';

import type { Definition } from '../../../lib/fleet/fleet';
import { quote } from '../../../lib/printable';

const text = z.string().optional().catch(undefined);
const container = z.object({
  name: z.string().catch(''),
  memory: z.unknown().optional(),
  memoryReservation: z.unknown().optional(),
  portMappings: z.array(z.object({ hostPort: z.unknown().optional() })).catch([]),
  dependsOn: z.array(z.object({ containerName: text })).catch([]),
  logConfiguration: z
    .object({ logDriver: text, options: z.record(z.string(), z.unknown()).catch({}) })
    .optional()
    .catch(undefined),
});
const given = z.object({
  family: text,
  memory: z.unknown().optional(),
  executionRoleArn: z.unknown().optional(),
  runtimePlatform: z.object({ cpuArchitecture: text }).optional().catch(undefined),
  requiresCompatibilities: z.array(z.string()).catch([]),
  containerDefinitions: z.array(container).catch([]),
});
type Given = z.infer<typeof given>;

type About = { readonly stage: string; readonly isWorker: boolean };

/** What is no fault of a label, and surprises people when it runs: docs/getting-started.md, "A service of your own". */
export function notesOf(
  raw: unknown,
  { network, containers }: Definition,
  { stage, isWorker }: About,
): readonly string[] {
  const read = given.parse(raw);
  const labelled = new Set(
    containers.flatMap(({ name, labels }) =>
      Object.keys(labels).some((key) => /^\s*haproxy\./i.test(key)) ? name : [],
    ),
  );
  const isOnFargate = read.requiresCompatibilities.join() === 'FARGATE';
  return [
    ...(isOnFargate ? [] : [...processor(read), ...memory(read)]),
    ...logs(read, stage),
    ...(isWorker ? [] : [...fixedPorts(read, network, labelled), ...addresses(network), ...ending(read, labelled)]),
  ];
}

/** A bare list of containers has no family, and says nothing of the processor. */
function processor({ family, runtimePlatform }: Given): readonly string[] {
  const { cpuArchitecture } = runtimePlatform ?? {};
  if (cpuArchitecture === 'ARM64' || (family === undefined && runtimePlatform === undefined)) return [];
  const says =
    cpuArchitecture === undefined
      ? 'nothing says that the image is for Arm'
      : `runtimePlatform says ${quote(cpuArchitecture)}`;
  return [
    `${says}, and the stack’s task hosts are Arm unless \`taskInstanceTypes\` names others: build it with` +
      ' `docker buildx build --platform linux/arm64`, and write "runtimePlatform": {"cpuArchitecture": "ARM64"}',
  ];
}

const memory = ({ memory: ofTask, containerDefinitions }: Given): readonly string[] =>
  containerDefinitions
    .filter((each) => (ofTask ?? each.memory ?? each.memoryReservation) === undefined)
    .map(
      ({ name }) =>
        `container ${quote(name)} has neither memory nor memoryReservation, so ECS refuses the task definition`,
    );

/** Docker writes logs with the task host's role, unless the task has an execution role. */
function logs({ executionRoleArn, containerDefinitions }: Given, stage: string): readonly string[] {
  if (executionRoleArn !== undefined && executionRoleArn !== null) return [];
  return containerDefinitions.flatMap(({ name, logConfiguration }) => {
    const { logDriver, options = {} } = logConfiguration ?? {};
    const { 'awslogs-group': group, 'awslogs-create-group': creates } = options;
    if (logDriver !== 'awslogs' || typeof group !== 'string') return [];
    const isOurs = group.startsWith(`/sluice/${stage}/`);
    if (isOurs && `${creates}` !== 'true') return [];
    const why = isOurs ? 'and may create no group' : `and only below /sluice/${stage}/`;
    return [
      `container ${quote(name)} logs to ${quote(group)}: without an executionRoleArn the task host’s role writes, ${why},` +
        ' so the task would not start; name a group below it, and create it first',
    ];
  });
}

function fixedPorts(
  { containerDefinitions }: Given,
  network: string,
  labelled: ReadonlySet<string>,
): readonly string[] {
  if (network === 'awsvpc' || network === 'none') return [];
  const isFixed = (port: unknown) => network === 'host' || (typeof port === 'number' && port > 0);
  return containerDefinitions
    .filter(({ name, portMappings }) => labelled.has(name) && portMappings.some(({ hostPort }) => isFixed(hostPort)))
    .map(
      ({ name }) =>
        `container ${quote(name)} takes a fixed port of its task host, so each host runs one task, and a rolling deploy needs a free` +
        ' host; in bridge mode "hostPort": 0 lets Docker choose',
    );
}

const addresses = (network: string): readonly string[] =>
  network === 'awsvpc'
    ? ['in awsvpc mode the task’s own security group must let the proxies in: `taskSecurityGroupIds` in settings.yml']
    : [];

function ending({ containerDefinitions }: Given, labelled: ReadonlySet<string>): readonly string[] {
  const isDelayed = containerDefinitions.some(({ dependsOn }) =>
    dependsOn.some(({ containerName = '' }) => labelled.has(containerName)),
  );
  if (isDelayed) return [];
  return [
    'ECS sends SIGTERM before the proxies know of it; with a pre-stop container, as in resources/hello-world.yml, the task serves' +
      ' meanwhile: docs/limits.md',
  ];
}

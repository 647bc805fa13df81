import { region } from '../package/template';
import { arn, type Container, isBridged, type Task, taskArn } from './task';

/** As DescribeTasks answers: times in epoch seconds, and health (AWS: DescribeTasks). */
export const apiTask = (task: Task) => ({
  ...shape(task, (ms) => ms / 1000),
  healthStatus: task.healthStatus,
  tags: [],
});

/** As the event says it: times as text, without health (AWS: ECS task state change events). */
export const eventTask = (task: Task) => shape(task, (ms) => new Date(ms).toISOString());

function shape(task: Task, time: (ms: number) => unknown) {
  const at = (ms: number | undefined) => (ms === undefined ? undefined : time(ms));
  return {
    attachments: interfacesOf(task).map(attachment),
    attributes: [{ name: 'ecs.cpu-architecture', value: 'arm64' }],
    availabilityZone: `${region}a`,
    clusterArn: arn('cluster', task.cluster),
    connectivity: 'CONNECTED',
    connectivityAt: time(task.createdAt),
    containerInstanceArn: task.definition.launchType === 'FARGATE' ? undefined : task.host.arn,
    containers: task.containers.map((container) => containerShape(task, container)),
    cpu: '64',
    createdAt: time(task.createdAt),
    desiredStatus: task.desiredStatus,
    enableExecuteCommand: false,
    group: `service:${task.service}`,
    lastStatus: task.lastStatus,
    launchType: task.definition.launchType ?? 'EC2',
    memory: '64',
    overrides: { containerOverrides: task.containers.map(({ definition }) => ({ name: definition.name })) },
    startedAt: at(task.startedAt),
    startedBy: `ecs-svc/${task.service}`,
    stopCode: task.stopCode,
    stoppedReason: task.stoppedReason,
    stoppingAt: at(task.stoppingAt),
    stoppedAt: at(task.stoppedAt),
    taskArn: taskArn(task),
    taskDefinitionArn: task.definition.arn,
    updatedAt: time(Date.now()),
    version: task.version,
  };
}

/** AWS: ECS task state change events, awsvpc. */
const interfacesOf = ({ id, address, definition }: Task) =>
  definition.networkMode === 'awsvpc' ? [{ attachmentId: id, privateIpv4Address: address }] : [];
const attachment = ({ attachmentId, privateIpv4Address }: { attachmentId: string; privateIpv4Address: string }) => ({
  id: attachmentId,
  type: 'eni',
  status: 'ATTACHED',
  details: [{ name: 'privateIPv4Address', value: privateIpv4Address }],
});

/** Docker reports the binding of IPv6 beside that of IPv4, and the agent sends both (amazon-ecs-agent, statechange.go). */
function containerShape(task: Task, { id, definition, hostPort, exitCode }: Container) {
  // In host mode Docker names no bindings (amazon-ecs-agent, docker_client.go); in awsvpc mode there are none.
  const isBound = hostPort !== undefined && isBridged(task.definition);
  const binding = { containerPort: definition.containerPort, hostPort, protocol: 'tcp' };
  return {
    containerArn: arn('container', `${task.cluster}/${task.id}/${id}`),
    cpu: '64',
    exitCode,
    image: `${task.definition.family}:${task.definition.revision}`,
    lastStatus: exitCode === undefined ? task.lastStatus : 'STOPPED',
    memory: '64',
    name: definition.name,
    networkBindings: isBound ? ['0.0.0.0', '::'].map((bindIP) => ({ bindIP, ...binding })) : [],
    networkInterfaces: interfacesOf(task),
    runtimeId: id,
    taskArn: taskArn(task),
  };
}

/** Tasks, services, hosts and task definitions as ECS's API and its events show them. */
import { region } from '../package/template';
import type { Service } from './services';
import { arn, type Container, type Host, isBridged, type Task, type TaskDefinition, taskArn } from './task';

/** As DescribeTasks answers: times in epoch seconds, and health (AWS: DescribeTasks). */
export const apiTask = (task: Task) => ({ ...shape(task, (ms) => ms / 1000), healthStatus: task.healthStatus });

/** As an event has it: times as text, without health (AWS: ECS task state change events). */
export const eventTask = (task: Task) => shape(task, (ms) => new Date(ms).toISOString());

function shape(task: Task, time: (ms: number) => unknown) {
  const at = (ms: number | undefined) => (ms === undefined ? undefined : time(ms));
  const { desiredStatus, lastStatus, version, stopCode, stoppedReason, definition } = task;
  return {
    attachments: interfacesOf(task).map(attachment),
    availabilityZone: `${region}a`,
    clusterArn: arn('cluster', task.cluster),
    containerInstanceArn: definition.launchType === 'FARGATE' ? undefined : task.host.arn,
    containers: task.containers.map((container) => containerShape(task, container)),
    createdAt: time(task.createdAt),
    group: `service:${task.service}`,
    launchType: definition.launchType ?? 'EC2',
    ...{ desiredStatus, lastStatus, version, stopCode, stoppedReason },
    startedAt: at(task.startedAt),
    startedBy: `ecs-svc/${task.service}`,
    stoppingAt: at(task.stoppingAt),
    stoppedAt: at(task.stoppedAt),
    taskArn: taskArn(task),
    taskDefinitionArn: definition.arn,
    updatedAt: time(Date.now()),
  };
}

/** AWS: ECS task state change events, awsvpc. */
const interfacesOf = ({ id, address, definition }: Task) =>
  definition.networkMode === 'awsvpc' ? [{ attachmentId: id, privateIpv4Address: address }] : [];
const attachment = ({ attachmentId: id, privateIpv4Address: value }: ReturnType<typeof interfacesOf>[number]) => ({
  ...{ id, type: 'eni', status: 'ATTACHED' },
  details: [{ name: 'privateIPv4Address', value }],
});

/** Docker reports the binding of IPv6 beside that of IPv4, and the agent sends both (amazon-ecs-agent, statechange.go). */
function containerShape(task: Task, { id, definition, hostPort, exitCode }: Container) {
  // In host mode Docker names no bindings (amazon-ecs-agent, docker_client.go); in awsvpc mode there are none.
  const isBound = hostPort !== undefined && isBridged(task.definition);
  const binding = { containerPort: definition.containerPort, hostPort, protocol: 'tcp' };
  return {
    containerArn: arn('container', `${task.cluster}/${task.id}/${id}`),
    exitCode,
    lastStatus: exitCode === undefined ? task.lastStatus : 'STOPPED',
    name: definition.name,
    networkBindings: isBound ? ['0.0.0.0', '::'].map((bindIP) => ({ bindIP, ...binding })) : [],
    networkInterfaces: interfacesOf(task),
    runtimeId: id,
    taskArn: taskArn(task),
  };
}

export const definitionShape = ({ arn, family, revision, containers, ...definition }: TaskDefinition) => ({
  ...{ taskDefinitionArn: arn, family, revision, status: 'ACTIVE' },
  networkMode: definition.networkMode ?? 'bridge',
  requiresCompatibilities: [definition.launchType ?? 'EC2'],
  containerDefinitions: containers.map(({ name, containerPort, labels = {}, dependsOn = [] }) => ({
    ...{ name, image: `${family}:${revision}`, essential: true, dockerLabels: labels },
    portMappings:
      containerPort === undefined
        ? []
        : [{ containerPort, hostPort: isBridged(definition) ? 0 : containerPort, protocol: 'tcp' }],
    dependsOn: dependsOn.map((containerName) => ({ containerName, condition: 'START' })),
  })),
});

/** What the API and the events share. */
export const hostShape = ({ arn: containerInstanceArn, ec2Id, status, version, lost }: Host) => ({
  ...{ containerInstanceArn, ec2InstanceId: ec2Id, status, agentConnected: !lost, version },
});

/** Counted are the tasks that run, also those which were told to stop (AWS: DescribeServices, runningCount). */
export function serviceShape({ name, desiredCount, taskDefinition, cluster }: Service, tasks: readonly Task[]) {
  const count = (status: string) => tasks.filter((task) => task.service === name && task.lastStatus === status).length;
  return {
    serviceArn: arn('service', `${cluster}/${name}`),
    serviceName: name,
    clusterArn: arn('cluster', cluster),
    status: 'ACTIVE',
    ...{ desiredCount, runningCount: count('RUNNING'), pendingCount: count('PENDING'), taskDefinition },
  };
}

/** Describes tasks, services, hosts and task definitions as ECS's API and events do, with the fields that Sluice reads. */
import type { Service } from './services';
import { arn, type Container, type Host, isBridged, type Task, type TaskDefinition, taskArn } from './task';

/** An answer has times in epoch seconds, and health (AWS: DescribeTasks). */
export const apiTask = (task: Task) => ({
  ...shape(task),
  createdAt: task.createdAt / 1000,
  stoppedAt: task.stoppedAt && task.stoppedAt / 1000,
  healthStatus: task.healthStatus,
});

/** An event has times as text, and no health (AWS: ECS task state change events). */
export const eventTask = (task: Task) => ({ ...shape(task), createdAt: new Date(task.createdAt).toISOString() });

function shape(task: Task) {
  const { desiredStatus, lastStatus, version, stopCode, stoppedReason, definition } = task;
  const launchType = definition.launchType ?? 'EC2';
  return {
    ...{ desiredStatus, lastStatus, version, stopCode, stoppedReason, launchType },
    clusterArn: arn('cluster', task.cluster),
    containerInstanceArn: launchType === 'FARGATE' ? undefined : task.host.arn,
    containers: task.containers.map((container) => containerShape(task, container)),
    group: `service:${task.service}`,
    startedBy: `ecs-svc/${task.service}`,
    taskArn: taskArn(task),
    taskDefinitionArn: definition.arn,
  };
}

/** Docker reports the binding of IPv6 beside that of IPv4, and the agent sends both (amazon-ecs-agent, statechange.go). */
function containerShape(
  { id: attachmentId, address, definition: { networkMode }, lastStatus }: Task,
  { definition: { name, containerPort }, hostPort, exitCode }: Container,
) {
  // In host mode Docker names no bindings (amazon-ecs-agent, docker_client.go); in awsvpc mode there are none.
  const isBound = hostPort !== undefined && isBridged({ networkMode });
  const binding = { containerPort, hostPort, protocol: 'tcp' };
  return {
    name,
    exitCode,
    lastStatus: exitCode === undefined ? lastStatus : 'STOPPED',
    networkBindings: isBound ? ['0.0.0.0', '::'].map((bindIP) => ({ bindIP, ...binding })) : [],
    networkInterfaces: networkMode === 'awsvpc' ? [{ attachmentId, privateIpv4Address: address }] : [],
  };
}

export const definitionShape = ({ revision, containers, networkMode = 'bridge' }: TaskDefinition) => ({
  revision,
  networkMode,
  containerDefinitions: containers.map(({ name, containerPort, labels = {} }) => ({
    name,
    dockerLabels: labels,
    portMappings: containerPort === undefined ? [] : [{ containerPort, protocol: 'tcp' }],
  })),
});

/** The API and the events describe a host alike. */
export const hostShape = ({ arn: containerInstanceArn, ec2Id, status, version, lost }: Host) => ({
  ...{ containerInstanceArn, ec2InstanceId: ec2Id, status, agentConnected: !lost, version },
});

/**
 * Counts the tasks that run, also those that were told to stop (AWS: DescribeServices, runningCount). ASSUMED: an event for each start.
 * Of deployments only the newest is shown.
 */
export function serviceShape(service: Service, tasks: readonly Task[]) {
  const { name, desiredCount, taskDefinition, deployedAt = 0 } = service;
  const own = tasks.filter((task) => task.service === name);
  const events = own.map(({ id, createdAt }) => ({
    createdAt: createdAt / 1000,
    message: `(service ${name}) has started 1 tasks: (task ${id}).`,
  }));
  return {
    ...{ serviceName: name, status: 'ACTIVE', desiredCount },
    runningCount: own.filter(({ lastStatus }) => lastStatus === 'RUNNING').length,
    deployments: [{ status: 'PRIMARY', taskDefinition, createdAt: deployedAt / 1000, failedTasks: 0 }],
    events: events.reverse().slice(0, 100),
  };
}

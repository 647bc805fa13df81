import { get } from 'node:http';
import { join } from 'node:path';

import { isFree } from '../../real/loopback';
import type { Processes } from '../../real/processes';
import type { Timers } from '../timers';
import { type Container, isBridged, type Task } from './task';

/** The ECS agent on every host: starts and stops the containers of a task, which are real processes. */
export type Agent = {
  readonly processes: Processes;
  readonly timers: Timers;
  readonly exited: (task: Task, container: Container) => void;
  readonly signalled: (task: Task, container: Container) => void;
  readonly printed: (task: Task, line: string) => void;
  readonly health: (task: Task, status: 'HEALTHY' | 'UNHEALTHY') => void;
  /** By address: the port that was given out last, and those that were freed. */
  readonly ports: Map<string, number>;
  readonly freed: Map<string, number[]>;
  /** The port that was freed last is given out first, as if Docker's round had just come to it. */
  isReusing: boolean;
};

/** Unhealthy after three failed checks in a row (AWS: HealthCheck.retries). */
const retries = 3;

export async function startContainers(agent: Agent, task: Task): Promise<void> {
  for (const container of inStartOrder(task)) {
    const { containerPort, command, environment } = container.definition;
    if (containerPort !== undefined)
      container.hostPort = isBridged(task.definition) ? await portAt(agent, task.address) : containerPort;
    const [program = '', ...argv] = command;
    const child = agent.processes.launch([program === 'node' ? process.execPath : program, ...argv], {
      cwd: join(__dirname, '../../..'),
      environment: {
        ...environment,
        TASK_ID: task.id,
        REVISION: String(task.definition.revision),
        HOST: task.address,
        ...(container.hostPort !== undefined && { PORT: String(container.hostPort) }),
      },
      onLine: (line) => agent.printed(task, line),
    });
    container.process = child;
    void child.exited.then(({ code, signal }) =>
      ended(agent, task, container, code ?? (signal === 'SIGKILL' ? 137 : 143)),
    );
  }
}

/** @param code as a shell has it: 128 and the number of the signal */
function ended(agent: Agent, task: Task, container: Container, code: number): void {
  // The agent ended with its machine, so the end of the container is not reported.
  if (task.host.lost) return;
  const { hostPort: port } = container;
  if (port !== undefined && isBridged(task.definition))
    agent.freed.set(task.host.address, [...(agent.freed.get(task.host.address) ?? []), port]);
  container.exitCode = code;
  agent.exited(task, container);
}

/**
 * Stops the containers in reverse order of `dependsOn`: none before those that depend on it are gone
 * (AWS: ContainerDefinition.dependsOn). SIGTERM, and SIGKILL after its stop timeout, 30 s by default.
 */
export function stopContainers(agent: Agent, task: Task): void {
  for (const container of task.containers) {
    const { name, stopTimeoutSeconds = 30 } = container.definition;
    const dependents = task.containers.filter(({ definition }) => definition.dependsOn?.includes(name));
    void Promise.all(dependents.map((dependent) => dependent.process?.exited)).then(() => {
      if (!container.process || container.exitCode !== undefined) return;
      agent.signalled(task, container);
      container.process.kill('SIGTERM');
      agent.timers.after(stopTimeoutSeconds * 1000, () => container.process?.kill('SIGKILL'));
    });
  }
}

/** A failure counts once the start period is over, or after a first success (AWS: HealthCheck.startPeriod). */
export function watchHealth(agent: Agent, task: Task, everyMs: number, startPeriodMs: number, failures = 0): void {
  agent.timers.after(everyMs, async () => {
    const hasPassed = await passesHealthCheck(task);
    if (task.desiredStatus === 'STOPPED' || task.host.lost) return;
    const counts = task.healthStatus === 'HEALTHY' || Date.now() - (task.startedAt ?? 0) > startPeriodMs;
    const inARow = hasPassed || !counts ? 0 : failures + 1;
    const status = hasPassed ? 'HEALTHY' : inARow >= retries ? 'UNHEALTHY' : task.healthStatus;
    if (status !== 'UNKNOWN' && status !== task.healthStatus) agent.health(task, status);
    watchHealth(agent, task, everyMs, startPeriodMs, inARow);
  });
}

function inStartOrder({ containers }: Task): readonly Container[] {
  const before = ({ dependsOn = [] }: Container['definition']) =>
    containers.filter(({ definition }) => dependsOn.includes(definition.name));
  const depth = ({ definition }: Container): number => Math.max(-1, ...before(definition).map(depth)) + 1;
  return [...containers].sort((a, b) => depth(a) - depth(b));
}

/** The next free port upwards from 32768, as Docker gives them out: a freed one comes back only after a round. */
async function portAt({ ports, freed, isReusing }: Agent, address: string): Promise<number> {
  const again = isReusing ? freed.get(address)?.pop() : undefined;
  if (again !== undefined && (await isFree(address, again))) return again;
  for (;;) {
    const port = (ports.get(address) ?? 32_767) + 1;
    ports.set(address, port >= 60_999 ? 32_767 : port);
    if (await isFree(address, port)) return port;
  }
}

/** One container health check. ASSUMED: the command in the container is `curl -f localhost/health`. */
const passesHealthCheck = (task: Task): Promise<boolean> =>
  new Promise((resolve) => {
    const port = task.containers.find(({ definition }) => definition.healthCheck)?.hostPort;
    const call = get({ host: task.address, port, path: '/health', agent: false, timeout: 1_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    call.on('timeout', () => call.destroy()).on('error', () => resolve(false));
  });

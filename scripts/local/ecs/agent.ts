import { get } from 'node:http';
import { join } from 'node:path';

import { isFree } from '../api/loopback';
import type { Processes } from '../processes';
import type { Timers } from '../timers';
import { type Container, isBridged, type Task } from './task';

type Listener = {
  readonly exited: (task: Task, container: Container) => void;
  readonly signalled: (task: Task, container: Container) => void;
  readonly printed: (task: Task, line: string) => void;
  readonly health: (task: Task, status: 'HEALTHY' | 'UNHEALTHY') => void;
};

/** Unhealthy after three failed checks in a row (AWS: HealthCheck.retries). */
const retries = 3;

/** The ECS agent on every host: starts and stops the containers of a task, which are real processes. */
export function ecsAgent(processes: Processes, timers: Timers, listener: Listener) {
  const ports = new Map<string, number>();
  const freed = new Map<string, number[]>();
  let reuse = false;

  async function portAt(address: string): Promise<number> {
    const again = reuse ? freed.get(address)?.pop() : undefined;
    return again !== undefined && (await isFree(address, again)) ? again : freePort(address, ports);
  }

  async function start(task: Task): Promise<void> {
    for (const container of inStartOrder(task)) {
      const { definition } = container;
      if (definition.containerPort !== undefined)
        container.hostPort = isBridged(task.definition) ? await portAt(task.address) : definition.containerPort;
      const [program = '', ...argv] = definition.command;
      const child = processes.launch([program === 'node' ? process.execPath : program, ...argv], {
        cwd: join(__dirname, '../../..'),
        environment: {
          ...definition.environment,
          TASK_ID: task.id,
          REVISION: String(task.definition.revision),
          HOST: task.address,
          ...(container.hostPort !== undefined && { PORT: String(container.hostPort) }),
        },
        onLine: (line) => listener.printed(task, line),
      });
      container.process = child;
      void child.exited.then(({ code, signal }) => {
        // The agent ended with its machine: nobody is left to report it.
        if (task.host.lost) return;
        const { hostPort: port } = container;
        if (port !== undefined && isBridged(task.definition)) {
          freed.set(task.host.address, [...(freed.get(task.host.address) ?? []), port]);
        }
        // As a shell would say it: 128 and the number of the signal.
        container.exitCode = code ?? (signal === 'SIGKILL' ? 137 : 143);
        listener.exited(task, container);
      });
    }
  }

  /**
   * Stops the containers in reverse order of `dependsOn`: none before those that depend on it are gone
   * (AWS: ContainerDefinition.dependsOn). SIGTERM, and SIGKILL after its stop timeout, 30 s by default.
   */
  function stop(task: Task): void {
    for (const container of task.containers) {
      const dependents = task.containers.filter(({ definition }) =>
        definition.dependsOn?.includes(container.definition.name),
      );
      void Promise.all(dependents.map((dependent) => dependent.process?.exited)).then(() => {
        if (!container.process || container.exitCode !== undefined) return;
        listener.signalled(task, container);
        container.process.kill('SIGTERM');
        timers.after((container.definition.stopTimeoutSeconds ?? 30) * 1000, () => container.process?.kill('SIGKILL'));
      });
    }
  }

  /** A failure counts once the start period is over, or after a first success (AWS: HealthCheck.startPeriod). */
  function watchHealth(task: Task, everyMs: number, startPeriodMs: number, failures = 0): void {
    timers.after(everyMs, async () => {
      const passed = await passesHealthCheck(task);
      if (task.desiredStatus === 'STOPPED' || task.host.lost) return;
      const counts = task.healthStatus === 'HEALTHY' || Date.now() - (task.startedAt ?? 0) > startPeriodMs;
      const inARow = passed || !counts ? 0 : failures + 1;
      const status = passed ? 'HEALTHY' : inARow >= retries ? 'UNHEALTHY' : task.healthStatus;
      if (status !== 'UNKNOWN' && status !== task.healthStatus) listener.health(task, status);
      watchHealth(task, everyMs, startPeriodMs, inARow);
    });
  }

  return {
    start,
    stop,
    watchHealth,
    /** The port that was freed last is given out first, as if Docker's round had just come to it. */
    reusePorts: (on: boolean): void => {
      reuse = on;
    },
  };
}

const inStartOrder = ({ containers }: Task): readonly Container[] => {
  const depth = (container: Container): number =>
    Math.max(
      -1,
      ...containers.filter(({ definition }) => container.definition.dependsOn?.includes(definition.name)).map(depth),
    ) + 1;
  return [...containers].sort((a, b) => depth(a) - depth(b));
};

/** The next free port upwards from 32768, as Docker gives them out: a freed one comes back only after a round. */
async function freePort(address: string, last: Map<string, number>): Promise<number> {
  for (;;) {
    const port = (last.get(address) ?? 32_767) + 1;
    last.set(address, port >= 60_999 ? 32_767 : port);
    if (await isFree(address, port)) return port;
  }
}

/** One container health check. ASSUMED: the command in the container is `curl -f localhost/health`. */
const passesHealthCheck = (task: Task): Promise<boolean> =>
  new Promise((resolve) => {
    const port = task.containers.find(({ definition }) => definition.healthCheck)?.hostPort;
    get({ host: task.address, port, path: '/health', agent: false, timeout: 1_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    })
      .on('timeout', function (this: { destroy(): void }) {
        this.destroy();
      })
      .on('error', () => resolve(false));
  });

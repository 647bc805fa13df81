import type { Delays } from '../delays';
import type { Played } from '../moment';
import { type Host, isHealthChecked, type Task } from './task';

export type Service = {
  readonly name: string;
  readonly cluster: string;
  readonly taskDefinition: string;
  readonly desiredCount: number;
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
  /** When its task definition changed. */
  readonly deployedAt?: number;
};

type Deps = Pick<Played, 'delays' | 'timers'> & {
  readonly hosts: readonly Host[];
  readonly services: ReadonlyMap<string, Service>;
  readonly tasks: ReadonlyMap<string, Task>;
  readonly startTask: (service: Service, host: Host) => void;
  readonly stopTask: (task: Task, why: string) => void;
};

/** The service scheduler: looks at every service in short rounds, and replaces what died. */
export function scheduleServices(deps: Deps): void {
  deps.timers.every(deps.delays.schedulerMs, () => {
    for (const service of deps.services.values()) deploy(service, deps);
  });
}

/**
 * A rolling update (AWS: DeploymentConfiguration). New tasks come up to `maximumPercent`; old ones go as far as
 * `minimumHealthyPercent` of healthy tasks stay. Whether a proxy knows the new ones plays no part.
 */
function deploy(service: Service, deps: Deps): void {
  const { tasks, hosts, startTask, stopTask, delays } = deps;
  const live = [...tasks.values()].filter((task) => task.service === service.name && task.desiredStatus === 'RUNNING');
  const current = live.filter((task) => isCurrent(service, task));
  const old = live.filter((task) => !current.includes(task));
  const { desiredCount } = service;
  const most = Math.floor((desiredCount * service.maximumPercent) / 100);
  const least = Math.ceil((desiredCount * service.minimumHealthyPercent) / 100);

  const missing = Math.min(desiredCount - current.length, Math.max(0, most - live.length));
  for (let n = 0; n < missing; n++) {
    const host = roomiest(hosts, service, tasks);
    if (host) startTask(service, host);
  }

  for (const task of current.filter(({ healthStatus }) => healthStatus === 'UNHEALTHY'))
    stopTask(task, 'it is unhealthy');
  for (const task of newest(current).slice(0, Math.max(0, current.length - desiredCount)))
    stopTask(task, `${desiredCount} are wanted`);

  const serving = current.filter((task) => isSettled(task, delays)).length + old.filter(isRunning).length;
  let spare = Math.max(0, serving - least);
  for (const task of old) {
    if (isRunning(task) && spare-- <= 0) continue;
    stopTask(task, task.host.status === 'DRAINING' ? 'its instance drains' : 'a newer one takes its place');
  }
}

/** A task on a draining instance is replaced like one of an old revision (AWS: container instance draining). */
const isCurrent = ({ taskDefinition }: Service, { definition, host }: Task): boolean =>
  definition.arn === taskDefinition && host.status === 'ACTIVE';

const isRunning = ({ lastStatus }: Task): boolean => lastStatus === 'RUNNING';

/** A new task counts when its health check passes, or when it has run for 40 s without one (ECS service scheduler). */
const isSettled = (task: Task, { settledMs }: Delays): boolean =>
  isHealthChecked(task)
    ? task.healthStatus === 'HEALTHY'
    : isRunning(task) && Date.now() - (task.startedAt ?? 0) >= settledMs;

/** ASSUMED: spread by count, and never to an instance whose agent is silent. Without any, the service waits. */
const roomiest = (hosts: readonly Host[], { cluster }: Service, tasks: ReadonlyMap<string, Task>): Host | undefined => {
  const load = (host: Host) =>
    [...tasks.values()].filter((task) => task.host === host && task.lastStatus !== 'STOPPED').length;
  const open = hosts.filter((host) => host.cluster === cluster && host.status === 'ACTIVE' && !host.lost);
  return open.sort((a, b) => load(a) - load(b))[0];
};

/** ASSUMED: the newest go first, as nothing is documented for one zone. */
const newest = (tasks: readonly Task[]): readonly Task[] => [...tasks].sort((a, b) => b.createdAt - a.createdAt);

/** The wanted tasks of the wanted revision run, those with a health check pass it, and no other is left. */
export function isSteady(service: Service, tasks: Iterable<Task>): boolean {
  const present = [...tasks].filter((task) => task.service === service.name && task.lastStatus !== 'STOPPED');
  const good = present.filter(
    (task) =>
      task.desiredStatus === 'RUNNING' &&
      isCurrent(service, task) &&
      !task.host.lost &&
      isRunning(task) &&
      (!isHealthChecked(task) || task.healthStatus === 'HEALTHY'),
  );
  return good.length === service.desiredCount && present.length === good.length;
}

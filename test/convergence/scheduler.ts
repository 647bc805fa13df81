import { second } from './agenda';
import type { Cluster, Instance, Task } from './cluster';

/** Milliseconds until things happen, as a history sets them. */
export type Pace = { readonly start: number; readonly warm: number; readonly grace: number; readonly report: number };

/** What ECS does by itself: it starts what is missing, and orders what is too much to stop, in its own order. */
export function schedule(cluster: Cluster, name: string, pace: Pace): void {
  cluster.later(500, () => {
    const service = cluster.services.get(name);
    const wanted = [...cluster.tasks.values()].filter((t) => t.service === name && t.desiredStatus === 'RUNNING');
    if (service === undefined) {
      for (const task of wanted) orderStop(cluster, task, pace);
      return;
    }
    const current = wanted.filter(({ revision }) => revision === service.revision);
    const old = wanted.filter(({ revision }) => revision !== service.revision);
    const ready = current.filter(({ lastStatus }) => lastStatus === 'RUNNING').length;
    const surplus = service.atOnce ? old.length : Math.max(0, old.length - Math.max(0, service.desired - ready));
    for (const task of [...old.slice(0, surplus), ...current.slice(service.desired)]) orderStop(cluster, task, pace);
    for (let missing = service.desired - current.length; missing > 0; missing--) start(cluster, name, pace);
  });
}

function start(cluster: Cluster, name: string, pace: Pace): void {
  const service = cluster.services.get(name);
  const instance = leastLoaded(cluster);
  if (service === undefined || instance === undefined) return;
  const id = cluster.nextId('t');
  const task: Task = {
    ...{ id, service: name, revision: service.revision, instance: instance.id, hostPort: freePort(cluster, instance) },
    ...{ createdAt: cluster.clock(), version: 1 },
    ...{ desiredStatus: 'RUNNING', lastStatus: 'PENDING', healthStatus: 'HEALTHY' },
  };
  cluster.putTask(task, true);
  cluster.answersAt.set(id, Number.POSITIVE_INFINITY);
  cluster.later(pace.start, () => runs(cluster, id, pace));
}

function runs(cluster: Cluster, id: string, pace: Pace): void {
  const task = cluster.tasks.get(id);
  const service = cluster.services.get(task?.service ?? '');
  if (task === undefined || task.desiredStatus === 'STOPPED' || !cluster.answersAt.has(id)) return;
  const deaf = cluster.definitions.get(`${task.service}:${task.revision}`) === 'deaf';
  cluster.answersAt.set(id, deaf ? Number.POSITIVE_INFINITY : cluster.clock() + pace.warm);
  cluster.putTask({ ...task, lastStatus: 'RUNNING' });
  if (service !== undefined && service.crashes > 0) {
    cluster.putService({ ...service, crashes: service.crashes - 1 });
    cluster.later(2 * second, () => crash(cluster, id, pace));
  }
  schedule(cluster, task.service, pace);
}

/** The order comes first, the end of the containers later, the word of it last. */
export function orderStop(cluster: Cluster, task: Task, pace: Pace): void {
  if (task.desiredStatus === 'STOPPED') return;
  cluster.putTask({ ...task, desiredStatus: 'STOPPED' });
  cluster.later(pace.grace, () => {
    cluster.answersAt.delete(task.id);
    cluster.later(pace.report, () => stopped(cluster, task.id, pace));
  });
  schedule(cluster, task.service, pace);
}

/** The containers end by themselves: their port is free before ECS knows. */
export function crash(cluster: Cluster, id: string, pace: Pace): void {
  if (!cluster.answersAt.delete(id)) return;
  cluster.later(pace.report, () => stopped(cluster, id, pace));
}

/** An instance is gone without a word. ECS notices later; meanwhile another may come with its address. */
export function loseInstance(cluster: Cluster, instance: Instance, pace: Pace): void {
  const on = [...cluster.tasks.values()].filter((task) => task.instance === instance.id);
  for (const { id } of on) cluster.answersAt.delete(id);
  cluster.lost.add(instance.id);
  cluster.later(20 * second, () => {
    cluster.putInstance({ id: cluster.nextId('ci'), address: instance.address, status: 'ACTIVE' });
    for (const name of cluster.services.keys()) schedule(cluster, name, pace);
  });
  cluster.later(40 * second, () => {
    cluster.removeInstance(instance.id);
    for (const { id } of on) stopped(cluster, id, pace);
  });
}

function stopped(cluster: Cluster, id: string, pace: Pace): void {
  const task = cluster.tasks.get(id);
  if (task === undefined || task.lastStatus === 'STOPPED') return;
  cluster.answersAt.delete(id);
  cluster.putTask({ ...task, desiredStatus: 'STOPPED', lastStatus: 'STOPPED' });
  schedule(cluster, task.service, pace);
}

function leastLoaded(cluster: Cluster): Instance | undefined {
  const load = ({ id }: Instance) => [...cluster.tasks.values()].filter((task) => task.instance === id).length;
  const open = [...cluster.instances.values()].filter(({ id, status }) => status === 'ACTIVE' && !cluster.lost.has(id));
  return open.sort((a, b) => load(a) - load(b) || (a.id < b.id ? -1 : 1))[0];
}

/** The lowest port that no container holds: ports are reused as soon as they can be. */
function freePort(cluster: Cluster, instance: Instance): number {
  const held = [...cluster.answersAt.keys()].map((id) => cluster.tasks.get(id)).filter((t) => t !== undefined);
  let port = 32_768;
  while (held.some((task) => task.instance === instance.id && task.hostPort === port)) port++;
  return port;
}

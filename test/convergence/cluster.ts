import { type Agenda, second } from './agenda';
import type { Variant } from './definitions';

/** A task as ECS knows it. It is replaced, never changed, so that old answers can be given again. */
export type Task = {
  readonly id: string;
  readonly service: string;
  readonly revision: number;
  readonly instance: string;
  readonly hostPort: number;
  readonly createdAt: number;
  readonly version: number;
  readonly desiredStatus: 'RUNNING' | 'STOPPED';
  readonly lastStatus: 'PENDING' | 'RUNNING' | 'STOPPED';
  readonly healthStatus: 'HEALTHY' | 'UNHEALTHY';
};

export type Service = {
  readonly name: string;
  readonly revision: number;
  readonly desired: number;
  /** minimumHealthyPercent 0: the old tasks go before the new ones come. */
  readonly atOnce: boolean;
  /** How many more of its tasks end just after they started. */
  readonly crashes: number;
};

export type Instance = { readonly id: string; readonly address: string; readonly status: 'ACTIVE' | 'DRAINING' };

/** What ECS knew at one moment. */
export type Snapshot = {
  readonly at: number;
  readonly tasks: ReadonlyMap<string, Task>;
  readonly services: ReadonlyMap<string, Service>;
  readonly instances: ReadonlyMap<string, Instance>;
};

export type Cluster = ReturnType<typeof newCluster>;

/** ECS forgets a stopped task after an hour (AWS: DescribeTasks). */
const forgotten = 3_600 * second;

/** What ECS knows, and what is true. @param emit is told of each change of a task */
export function newCluster(agenda: Agenda, emit: (task: Task) => void) {
  let ids = 0;
  const tasks = new Map<string, Task>();
  const services = new Map<string, Service>();
  const instances = new Map<string, Instance>();
  const snapshots: Snapshot[] = [];
  const noted: Partial<Snapshot> = {};
  const seen = (part: 'tasks' | 'services' | 'instances'): void => {
    const now = { tasks, services, instances };
    Object.assign(noted, { at: agenda.now, [part]: new Map<string, unknown>(now[part]) });
    snapshots.push({ tasks: new Map(), services: new Map(), instances: new Map(), at: agenda.now, ...noted });
    const old = snapshots.findIndex(({ at }) => at >= agenda.now - 60 * second);
    snapshots.splice(0, Math.max(0, old - 1));
  };
  const cluster = {
    tasks,
    services,
    instances,
    definitions: new Map<string, Variant>(),
    /** When the application of a task begins to answer; absent once its containers are gone. */
    answersAt: new Map<string, number>(),
    /** Where each task was put; the address outlives its instance's record. */
    addresses: new Map<string, string>(),
    /** Instances that are gone, though ECS may not know yet. */
    lost: new Set<string>(),
    /** Tasks that ECS called unhealthy at some time. */
    ailing: new Set<string>(),
    clock: (): number => agenda.now,
    /** Transitions that ECS has not made yet. */
    pending: 0,
    nextId: (kind: string): string => `${kind}-${++ids}`,
    later: (milliseconds: number, what: () => void): void => {
      cluster.pending++;
      agenda.in(milliseconds, () => {
        cluster.pending--;
        what();
      });
    },
    putService: (service: Service): void => {
      services.set(service.name, service);
      seen('services');
    },
    removeService: (name: string): void => {
      services.delete(name);
      seen('services');
    },
    putInstance: (instance: Instance): void => {
      instances.set(instance.id, instance);
      cluster.addresses.set(instance.id, instance.address);
      seen('instances');
    },
    removeInstance: (id: string): void => {
      instances.delete(id);
      seen('instances');
    },
    /** Health changes come without an event and without a new version. */
    putTask: (task: Task, quietly = false): void => {
      const changed = quietly ? task : { ...task, version: task.version + 1 };
      tasks.set(task.id, changed);
      if (task.lastStatus === 'STOPPED') agenda.in(forgotten, () => cluster.forgetTask(task.id));
      seen('tasks');
      if (!quietly) emit(changed);
    },
    forgetTask: (id: string): void => {
      tasks.delete(id);
      seen('tasks');
    },
    /** What ECS answers from a copy that is this old. */
    asOf: (age: number): Snapshot => {
      const found = [...snapshots].reverse().find(({ at }) => at <= agenda.now - age) ?? snapshots[0];
      if (found === undefined) throw new Error('nothing was ever created');
      return found;
    },
    addressOf: ({ instance, hostPort }: Pick<Task, 'instance' | 'hostPort'>): string =>
      `${cluster.addresses.get(instance)}:${hostPort}`,
    /** Where an application answers now. */
    answering: (): ReadonlySet<string> => {
      const found = new Set<string>();
      for (const [id, at] of cluster.answersAt) {
        const task = tasks.get(id);
        if (task !== undefined && at <= agenda.now) found.add(cluster.addressOf(task));
      }
      return found;
    },
    /** Wanted, and known to run. */
    running: (service: string): readonly Task[] =>
      [...tasks.values()].filter(
        (task) => task.service === service && task.desiredStatus === 'RUNNING' && task.lastStatus === 'RUNNING',
      ),
  };
  return cluster;
}

import { type Agenda, second } from './agenda';
import type { Variant } from './definitions';

/** A task as ECS knows it. It is replaced, never changed, so that ECS can give old answers. */
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
type Snapshot = {
  readonly at: number;
  readonly tasks: ReadonlyMap<string, Task>;
  readonly services: ReadonlyMap<string, Service>;
  readonly instances: ReadonlyMap<string, Instance>;
};

/** ECS forgets a stopped task after an hour (AWS: DescribeTasks). */
const forgotten = 3_600 * second;

/** What ECS knows, and what is true. */
export class Cluster {
  readonly tasks = new Map<string, Task>();
  readonly services = new Map<string, Service>();
  readonly instances = new Map<string, Instance>();
  readonly definitions = new Map<string, Variant>();
  /** When the application of a task begins to answer; absent once its containers are gone. */
  readonly answersAt = new Map<string, number>();
  /** Where each task was put; the address outlives its instance's record. */
  readonly addresses = new Map<string, string>();
  /** Instances that are gone, though ECS may not know yet. */
  readonly lost = new Set<string>();
  /** Tasks that ECS called unhealthy at some time. */
  readonly ailing = new Set<string>();
  /** How many transitions ECS has not made yet. */
  pending = 0;
  private ids = 0;
  private readonly snapshots: Snapshot[] = [];

  /** @param emit is called with each change of a task */
  constructor(
    private readonly agenda: Agenda,
    private readonly emit: (task: Task) => void,
  ) {}

  clock(): number {
    return this.agenda.now;
  }

  nextId(kind: string): string {
    return `${kind}-${++this.ids}`;
  }

  later(milliseconds: number, what: () => void): void {
    this.pending++;
    this.agenda.in(milliseconds, () => {
      this.pending--;
      what();
    });
  }

  putService(service: Service): void {
    this.services.set(service.name, service);
    this.remember('services');
  }

  removeService(name: string): void {
    this.services.delete(name);
    this.remember('services');
  }

  putInstance(instance: Instance): void {
    this.instances.set(instance.id, instance);
    this.addresses.set(instance.id, instance.address);
    this.remember('instances');
  }

  removeInstance(id: string): void {
    this.instances.delete(id);
    this.remember('instances');
  }

  /** @param quietly without an event and a new version, as when a task's health changes */
  putTask(task: Task, quietly = false): void {
    const changed = quietly ? task : { ...task, version: task.version + 1 };
    this.tasks.set(task.id, changed);
    if (task.lastStatus === 'STOPPED') this.agenda.in(forgotten, () => this.forgetTask(task.id));
    this.remember('tasks');
    if (!quietly) this.emit(changed);
  }

  private forgetTask(id: string): void {
    this.tasks.delete(id);
    this.remember('tasks');
  }

  private remember(part: 'tasks' | 'services' | 'instances'): void {
    const before = this.snapshots.at(-1) ?? { tasks: new Map(), services: new Map(), instances: new Map() };
    this.snapshots.push({ ...before, at: this.agenda.now, [part]: new Map<string, unknown>(this[part]) });
    const old = this.snapshots.findIndex(({ at }) => at >= this.agenda.now - 60 * second);
    this.snapshots.splice(0, Math.max(0, old - 1));
  }

  /** What ECS answers from a copy that is this old. */
  asOf(age: number): Snapshot {
    const found = [...this.snapshots].reverse().find(({ at }) => at <= this.agenda.now - age) ?? this.snapshots[0];
    if (found === undefined) throw new Error('nothing was ever created');
    return found;
  }

  addressOf({ instance, hostPort }: Pick<Task, 'instance' | 'hostPort'>): string {
    return `${this.addresses.get(instance)}:${hostPort}`;
  }

  /** Where an application answers now. */
  answering(): ReadonlySet<string> {
    const found = new Set<string>();
    for (const [id, at] of this.answersAt) {
      const task = this.tasks.get(id);
      if (task !== undefined && at <= this.agenda.now) found.add(this.addressOf(task));
    }
    return found;
  }

  /** The tasks that are wanted, and known to run. */
  running(service: string): readonly Task[] {
    return [...this.tasks.values()].filter(
      (task) => task.service === service && task.desiredStatus === 'RUNNING' && task.lastStatus === 'RUNNING',
    );
  }
}

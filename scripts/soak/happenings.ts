import { type Cluster, isRunning, type Service, type Task } from './cluster';
import type { Random } from './random';
import { hostOf } from './requests';

/** What changes. `structure` needs a reload of HAProxy; it is the only reason for one. */
export const happenings = {
  'a task starts': { weight: 26 },
  'a task is told to stop': { weight: 20 },
  'a task is killed': { weight: 7 },
  'a task is killed, another gets its port': { weight: 6 },
  'a task fails its checks, and passes again': { weight: 4 },
  'a host comes or goes': { weight: 10 },
  'a path comes or goes': { weight: 8 },
  'a certificate is new': { weight: 4 },
  'labels change': { weight: 2, structure: true },
  'a service comes or goes': { weight: 3, structure: true },
} as const satisfies Readonly<Record<string, { readonly weight: number; readonly structure?: true }>>;
export type Happening = keyof typeof happenings;

export const isStructural = (kind: Happening): boolean => 'structure' in happenings[kind];

export type State = {
  readonly cluster: Cluster;
  readonly random: Random;
  /** Further hosts of `web`, and further paths of `web`'s host that lead to `api`. */
  readonly extra: { hosts: readonly string[]; paths: readonly string[] };
  /** Replaces the certificate of a host, if another one is ready. */
  readonly renew: (host: string) => boolean;
};

/** Hosts with certificates. */
export const certified: readonly string[] = ['web', 'api', 'solo'].map(hostOf);

const mostExtra = 12;
const ailingMs = 8_000;

/** Makes it happen. Returns false where nothing is there to which it could. */
export function happen(kind: Happening, state: State): boolean {
  const { cluster, random, extra } = state;
  const of = (isMeant: (service: Service, running: readonly Task[]) => boolean) =>
    random.oneOf(cluster.services.filter((each) => each.isThere && isMeant(each, cluster.running(each.name))));
  switch (kind) {
    case 'a task starts':
      return withService(
        of(({ most }, { length }) => length < most),
        (service) => void cluster.start(service),
      );
    case 'a task is told to stop':
      return withTask(
        state,
        of(({ least }, { length }) => length > least),
        order,
      );
    case 'a task is killed':
      return withTask(
        state,
        of(({ least }, { length }) => length > least),
        kill,
      );
    case 'a task is killed, another gets its port':
      return withTask(
        state,
        of((_, { length }) => length > 0),
        (task) => replaceAtPort(cluster, task),
      );
    case 'a task fails its checks, and passes again':
      return withTask(
        state,
        of(({ labels, least }, { length }) => labels.check !== undefined && length > Math.max(1, least)),
        ail,
      );
    case 'a host comes or goes':
      extra.hosts = toggled(random, extra.hosts, 'extra', '.example');
      return true;
    case 'a path comes or goes':
      extra.paths = toggled(random, extra.paths, '/extra', '');
      return true;
    case 'a certificate is new':
      return state.renew(random.oneOf(certified) ?? '');
    case 'labels change':
      return withService(
        of(() => true),
        (service) => relabel(service, random),
      );
    case 'a service comes or goes':
      return comeOrGo(cluster);
  }
}

function withService(service: Service | undefined, act: (service: Service) => void): boolean {
  if (service !== undefined) act(service);
  return service !== undefined;
}

function withTask({ cluster, random }: State, service: Service | undefined, act: (task: Task) => void): boolean {
  const task =
    service && random.oneOf(cluster.running(service.name).filter(({ listensAt }) => listensAt !== undefined));
  if (task !== undefined) act(task);
  return task !== undefined;
}

/** As long as a task may take to end before ECS kills it. */
const stopTimeoutMs = 25_000;

/** The order comes first, the end of the process later. */
export function order(task: Task): void {
  task.orderedAt = Date.now();
  task.isPublished = false;
  task.process.kill('SIGTERM');
  const late = setTimeout(() => kill(task), stopTimeoutMs);
  late.unref();
  void task.process.exited.then(() => clearTimeout(late));
}

export function kill(task: Task): void {
  if (task.goneAt !== undefined) return;
  // ECS says later that it is gone: the next generation has it no more.
  task.killed = { from: Date.now(), until: Number.POSITIVE_INFINITY };
  task.isPublished = false;
  task.process.kill('SIGKILL');
}

function replaceAtPort(cluster: Cluster, task: Task): void {
  kill(task);
  void task.process.exited.then(() => cluster.start(cluster.named(task.service), task.port));
}

function ail(task: Task): void {
  const spell = { from: Date.now(), until: Number.POSITIVE_INFINITY };
  task.ailing.push(spell);
  task.process.write('ail');
  const well = setTimeout(() => {
    task.process.write('well');
    spell.until = Date.now();
  }, ailingMs);
  well.unref();
}

function toggled(random: Random, known: readonly string[], before: string, after: string): readonly string[] {
  const name = `${before}-${random.between(1, mostExtra)}${after}`;
  return known.includes(name) ? known.filter((each) => each !== name) : [...known, name];
}

function relabel(service: Service, random: Random): void {
  const { timeout: _, hsts: __, ...rest } = service.labels;
  const timeout = `${random.between(61, 99)}s`;
  service.labels = { ...rest, timeout, ...(random.chance(0.5) && { hsts: String(random.between(60, 99)) }) };
}

/** When it goes, its tasks stop with it. */
function comeOrGo(cluster: Cluster): boolean {
  const service = cluster.named('passing');
  service.isThere = !service.isThere;
  if (service.isThere) cluster.start(service);
  else for (const task of cluster.tasks) if (task.service === service.name && isRunning(task)) order(task);
  return true;
}

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
export const happen = (kind: Happening, state: State): boolean => acts[kind](state);

const acts: Readonly<Record<Happening, (state: State) => boolean>> = {
  'a task starts': (state) =>
    withService(
      state,
      ({ most }, { length }) => length < most,
      (service) => void state.cluster.start(service),
    ),
  'a task is told to stop': (state) => withTask(state, canLose, order),
  'a task is killed': (state) => withTask(state, canLose, kill),
  'a task is killed, another gets its port': (state) =>
    withTask(
      state,
      (_, { length }) => length > 0,
      (task) => replaceAtPort(state.cluster, task),
    ),
  'a task fails its checks, and passes again': (state) =>
    withTask(state, ({ labels, least }, { length }) => labels.check !== undefined && length > Math.max(1, least), ail),
  'a host comes or goes': ({ random, extra }) => {
    extra.hosts = toggled(random, extra.hosts, 'extra', '.example');
    return true;
  },
  'a path comes or goes': ({ random, extra }) => {
    extra.paths = toggled(random, extra.paths, '/extra', '');
    return true;
  },
  'a certificate is new': ({ random, renew }) => renew(random.oneOf(certified) ?? ''),
  'labels change': (state) =>
    withService(
      state,
      () => true,
      (service) => relabel(service, state.random),
    ),
  'a service comes or goes': ({ cluster }) => comeOrGo(cluster),
};

type IsMeant = (service: Service, running: readonly Task[]) => boolean;

const canLose: IsMeant = ({ least }, { length }) => length > least;

const oneService = ({ cluster, random }: State, isMeant: IsMeant): Service | undefined =>
  random.oneOf(cluster.services.filter((each) => each.isThere && isMeant(each, cluster.running(each.name))));

function withService(state: State, isMeant: IsMeant, act: (service: Service) => void): boolean {
  const service = oneService(state, isMeant);
  if (service !== undefined) act(service);
  return service !== undefined;
}

function withTask(state: State, isMeant: IsMeant, act: (task: Task) => void): boolean {
  const service = oneService(state, isMeant);
  const running = service ? state.cluster.running(service.name) : [];
  const task = state.random.oneOf(running.filter(({ listensAt }) => listensAt !== undefined));
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

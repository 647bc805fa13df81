import type { Backend } from '../../lib/haproxy/backend';
import type { Agenda } from './agenda';
import { type Believed, believed } from './belief';
import type { Cluster } from './cluster';
import type { Run } from './function';
import { addressOf, type Haproxy, takesRequests } from './proxy';
import type { Store } from './store';

type Model = { readonly agenda: Agenda; readonly cluster: Cluster; readonly store: Store; readonly proxy: Haproxy };

/** Ends a history: a law did not hold. @throws always, with the law's words */
export function broken(law: string, detail: unknown): never {
  throw new Error(`${law}: ${JSON.stringify(detail)}`);
}

/** What must hold at every moment. Each method throws with the law's words. */
export class Laws {
  private readonly stopped = new Set<string>();
  private readonly stoppedAtProxy = new Set<string>();

  constructor(private readonly model: Model) {}

  moment(): void {
    for (const server of this.model.proxy.servers.values()) {
      if (!takesRequests(server)) continue;
      if (!server.passed) broken('a task got requests before its first passed check', server);
      if (this.stoppedAtProxy.has(server.name))
        broken('a task got requests after its stop order reached the proxy', server);
    }
  }

  /** A sync ended well. */
  applied(number: number): void {
    const { store, proxy } = this.model;
    const { backends } = store.generation(number);
    runsGeneration(proxy, backends);
    for (const { stopped } of backends) for (const id of Object.keys(stopped)) this.stoppedAtProxy.add(id);
  }

  /** A run of the function ended, in whatever way; the next one may begin after so many seconds. */
  published(run: Run, before: number, backAfter: number): void {
    const { agenda, cluster, store } = this.model;
    if (run.ended !== 'done' && backAfter > 30) broken('a failure held up the next run', backAfter);
    nudgesWhenItMust(run, before !== store.number());
    if (before === store.number()) return;
    const [old, next] = [store.generation(before).backends, store.generation(store.number()).backends];
    const tasks = believed(run, agenda.now);
    for (const backend of next) this.serversRun(backend, old, tasks);
    for (const backend of next) for (const id of Object.keys(backend.stopped)) this.stopped.add(id);
    this.finalFor(old, tasks);
    this.newestHasThePort(next, tasks, run);
    oneHolderEach(next);
    this.faultyKeepItsRoutes(old, next, tasks);
    neverWipe(cluster, { old, next, tasks, run, stopped: this.stopped });
  }

  private serversRun(backend: Backend, old: readonly Backend[], tasks: readonly Believed[]): void {
    for (const { name } of backend.servers) {
      const what = { backend: backend.name, task: name };
      if (this.stopped.has(name)) broken('a stop order was not final', what);
      const kept = old.some((each) => each.servers.some((server) => server.name === name));
      if (!kept && !tasks.some(({ id, running }) => id === name && running))
        broken('a task that does not run was published', what);
      if (tasks.some(({ id, stopping }) => id === name && stopping))
        broken('a task with a stop order was published', what);
    }
  }

  /** Also where no generation noted it: what was published, and then known to stop. */
  private finalFor(old: readonly Backend[], tasks: readonly Believed[]): void {
    const published = new Set(old.flatMap(({ servers }) => servers.map(({ name }) => name)));
    for (const { id, stopping } of tasks) if (stopping && published.has(id)) this.stopped.add(id);
  }

  private newestHasThePort(next: readonly Backend[], tasks: readonly Believed[], { hosts }: Run): void {
    const { cluster } = this.model;
    const running = tasks.filter((task) => task.running && hosts.has(task.instance) && !this.stopped.has(task.id));
    for (const backend of next) {
      for (const server of backend.servers) {
        const age = tasks.find(({ id }) => id === server.name)?.createdAt ?? 0;
        const newer = running.find((task) => cluster.addressOf(task) === addressOf(server) && task.createdAt > age);
        if (newer) broken('a port did not go to its newest task', { backend: backend.name, server, newer });
      }
    }
  }

  private faultyKeepItsRoutes(old: readonly Backend[], next: readonly Backend[], tasks: readonly Believed[]): void {
    const variant = ({ service, revision }: Believed) => this.model.cluster.definitions.get(`${service}:${revision}`);
    for (const before of old.filter(({ routes }) => routes.length > 0)) {
      const own = tasks.filter((task) => task.service === before.service && task.running && !this.stopped.has(task.id));
      if (!own.some((task) => variant(task) === 'faulty')) continue;
      const after = next.find(({ name }) => name === before.name);
      if (JSON.stringify(after?.routes) !== JSON.stringify(before.routes)) {
        broken('a faulty label changed the routes of its service', { before: before.routes, after: after?.routes });
      }
    }
  }
}

function nudgesWhenItMust({ messages, ended, nudges }: Run, isNew: boolean): void {
  if (ended !== 'done') return;
  const must = isNew || messages.some(({ body, receives }) => receives > 1 || /sluice.tick/.test(body));
  if ((nudges === 1) !== must) broken('a run nudged, or did not', { nudges, messages: messages.length, must });
}

/** The servers that HAProxy admits are those of the generation. */
export function runsGeneration(proxy: Haproxy, backends: readonly Backend[]): void {
  const admitted = [...proxy.servers.values()].filter((server) => !server.maintenance && server.weight > 0);
  const wanted = backends.flatMap(({ name, servers }) => servers.map((server) => ({ ...server, backend: name })));
  const words = (servers: readonly (Parameters<typeof addressOf>[0] & { backend: string; name: string })[]) =>
    servers
      .map((server) => `${server.backend}/${server.name} ${addressOf(server)}`)
      .sort()
      .join(', ');
  if (words(admitted) !== words(wanted))
    broken('the proxy does not run its generation', [words(admitted), words(wanted)]);
}

function oneHolderEach(backends: readonly Backend[]): void {
  const routes = backends.flatMap((backend) => backend.routes.map(({ host, path }) => `${host}${path}`));
  if (new Set(routes).size < routes.length) broken('a host and path led to two backends', routes);
}

type Published = {
  readonly old: readonly Backend[];
  readonly next: readonly Backend[];
  readonly tasks: readonly Believed[];
  readonly run: Run;
  /** Tasks whose stop order is known. */
  readonly stopped: ReadonlySet<string>;
};

/** Law 3: servers that run do not vanish unless ECS said so, freshly, or the service's own count agrees. */
function neverWipe(cluster: Cluster, { old, next, tasks, run, stopped }: Published): void {
  for (const { name, service, servers } of old.filter((backend) => backend.name === `demo.${backend.service}`)) {
    if (!cluster.services.has(service) || !alwaysServed(cluster, service)) continue;
    const kept = next.find((backend) => backend.name === name)?.servers ?? [];
    const lost = servers.filter(
      (server) => trulyRuns(cluster, server.name) && !kept.some((other) => other.name === server.name),
    );
    const displaced = lost.filter((server) =>
      tasks.some((task) => task.id !== server.name && cluster.addressOf(task) === addressOf(server)),
    );
    const found = tasks.filter((task) => task.service === service && task.running && !stopped.has(task.id)).length;
    const agreed = (run.counted.get(service) ?? Number.POSITIVE_INFINITY) <= found;
    const few = run.fresh ? 0 : servers.length / 2;
    const many = lost.length > few || (lost.length > 0 && kept.length === 0);
    if (many && displaced.length === 0 && !agreed) broken('running tasks were wiped', { name, lost, kept });
  }
}

/** Every revision of the service asked for its main route. */
function alwaysServed(cluster: Cluster, service: string): boolean {
  const used = [...cluster.definitions]
    .filter(([name]) => name.startsWith(`${service}:`))
    .map(([, variant]) => variant);
  return used.every((variant) => ['plain', 'moved', 'two', 'deaf'].includes(variant));
}

function trulyRuns(cluster: Cluster, id: string): boolean {
  const task = cluster.tasks.get(id);
  return (
    task?.lastStatus === 'RUNNING' &&
    task.desiredStatus === 'RUNNING' &&
    cluster.answersAt.has(id) &&
    !cluster.ailing.has(id)
  );
}

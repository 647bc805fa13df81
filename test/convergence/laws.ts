import type { Backend } from '../../lib/haproxy/backend';
import type { Agenda } from './agenda';
import { type Believed, believed } from './belief';
import { broken } from './broken';
import type { Cluster } from './cluster';
import { addressOf, type Haproxy, takesRequests } from './proxy';
import type { Run } from './run';
import type { Store } from './store';
import { neverWipe } from './wipe';

type World = { readonly agenda: Agenda; readonly cluster: Cluster; readonly store: Store; readonly proxy: Haproxy };

/** What must hold at every moment. Each throws with the law's words. */
export function newLaws({ agenda, cluster, store, proxy }: World) {
  const stopped = new Set<string>();
  const stoppedAtProxy = new Set<string>();
  return {
    moment: (): void => {
      for (const server of proxy.servers.values()) {
        if (!takesRequests(server)) continue;
        if (!server.passed) broken('a task got requests before its first passed check', server);
        if (stoppedAtProxy.has(server.name))
          broken('a task got requests after its stop order reached the proxy', server);
      }
    },
    /** A sync ended well. */
    applied: (number: number): void => {
      const backends = store.generation(number).backends;
      const admitted = [...proxy.servers.values()].filter((server) => !server.maintenance && server.weight > 0);
      const wanted = backends.flatMap(({ name, servers }) => servers.map((server) => ({ ...server, backend: name })));
      sameServers(admitted, wanted);
      for (const { stopped } of backends) for (const id of Object.keys(stopped)) stoppedAtProxy.add(id);
    },
    /** A run of the function ended, in whatever way. */
    published: (run: Run, before: number): void => {
      if (run.backAfter > 30) {
        broken('a failure held up the next run', run.backAfter);
      }
      nudgesWhenItMust(run, before);
      if (before === store.number()) return;
      const [old, next] = [store.generation(before).backends, store.generation(store.number()).backends];
      const tasks = believed(run, agenda.now);
      for (const backend of next) {
        for (const { name } of backend.servers) {
          if (stopped.has(name)) broken('a stop order was not final', { backend: backend.name, task: name });
          const kept = old.some((each) => each.servers.some((server) => server.name === name));
          if (!kept && !tasks.some(({ id, running }) => id === name && running)) {
            broken('a task that does not run was published', { backend: backend.name, task: name });
          }
          if (tasks.some(({ id, stopping }) => id === name && stopping)) {
            broken('a task that was told to stop was published', { backend: backend.name, task: name });
          }
        }
      }
      for (const backend of next) for (const id of Object.keys(backend.stopped)) stopped.add(id);
      finalFor(old, tasks);
      newestHasThePort(next, tasks, run);
      oneHolderEach(next);
      faultyKeepItsRoutes(old, next, tasks);
      neverWipe(cluster, { old, next, tasks, run, stopped });
    },
  };

  /** Also where nobody noted it: what was published, and then known to stop. */
  function finalFor(old: readonly Backend[], tasks: readonly Believed[]): void {
    const published = new Set(old.flatMap(({ servers }) => servers.map(({ name }) => name)));
    for (const { id, stopping } of tasks) if (stopping && published.has(id)) stopped.add(id);
  }

  function nudgesWhenItMust({ messages, ended, nudges }: Run, before: number): void {
    if (ended !== 'done') return;
    const asked = messages.some(({ body, receives }) => receives > 1 || /sluice.tick/.test(body));
    const must = asked || before !== store.number();
    if ((nudges === 1) !== must) broken('a run nudged, or did not', { nudges, messages: messages.length, must });
  }

  function newestHasThePort(next: readonly Backend[], tasks: readonly Believed[], { hosts }: Run): void {
    const running = tasks.filter(({ id, instance, running }) => running && hosts.has(instance) && !stopped.has(id));
    for (const backend of next) {
      for (const server of backend.servers) {
        const age = tasks.find(({ id }) => id === server.name)?.createdAt ?? 0;
        const newer = running.find((task) => cluster.addressOf(task) === addressOf(server) && task.createdAt > age);
        if (newer) broken('a port did not go to its newest task', { backend: backend.name, server, newer });
      }
    }
  }

  function faultyKeepItsRoutes(old: readonly Backend[], next: readonly Backend[], tasks: readonly Believed[]): void {
    const variant = ({ service, revision }: Believed) => cluster.definitions.get(`${service}:${revision}`);
    for (const before of old.filter(({ routes }) => routes.length > 0)) {
      const own = tasks.filter((task) => task.service === before.service && task.running && !stopped.has(task.id));
      if (!own.some((task) => variant(task) === 'faulty')) continue;
      const after = next.find(({ name }) => name === before.name);
      if (JSON.stringify(after?.routes) !== JSON.stringify(before.routes)) {
        broken('a faulty label changed the routes of its service', { before: before.routes, after: after?.routes });
      }
    }
  }
}

type At = { readonly backend: string; readonly name: string; readonly address: string; readonly port: number };

export function sameServers(admitted: readonly At[], wanted: readonly At[]): void {
  const words = (servers: readonly At[]) =>
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

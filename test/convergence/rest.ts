import type { Backend } from '../../lib/haproxy/backend';
import { second } from './agenda';
import { fresh } from './answers';
import { broken } from './broken';
import type { Task } from './cluster';
import { asked, containerPort, services } from './definitions';
import { sameServers } from './laws';
import type { World } from './world';

/** Faults are over and ECS comes to rest; then one tick must be enough, whatever else still arrives. */
export async function comesToRest(world: World): Promise<void> {
  const { agenda, cluster, weather, reconciler } = world;
  weather.calm = true;
  Object.assign(reconciler.plan, { broken: undefined, ages: fresh });
  for (let waited = 0; cluster.pending > 0 && waited < 60; waited++) await agenda.pass(10 * second);
  await nextTick(world);
  runsWhatEcsRuns(world);

  if (world.late) {
    weather.ticking = false;
    await agenda.pass(24 * 3_600 * second);
    weather.ticking = true;
    await nextTick(world);
    runsWhatEcsRuns(world);
  }
  if (world.thorough) await nothingNew(world);
}

/** At one moment: a tick only nudges, and an event that comes twice does nothing, however ECS orders its answers. */
async function nothingNew({ agenda, queue, reconciler, store, sent }: World): Promise<void> {
  const send = async (body: string) => {
    queue.send(body);
    await agenda.pass(0);
    return { generation: store.number(), nudges: sent.nudges };
  };
  const before = await send('{"source":"sluice.tick","id":"once"}');
  reconciler.plan.turned = true;
  reconciler.forget();
  const after = await send('{"source":"sluice.tick","id":"twice"}');
  if (after.generation !== before.generation)
    broken('a run with nothing new published', changed(store, before.generation));

  for (const event of sent.last) {
    const first = await send(event);
    reconciler.forget();
    const again = await send(event);
    if (again.generation !== first.generation || again.nudges !== first.nudges)
      broken('an event that came again did something', event);
  }
}

const changed = (store: World['store'], since: number): readonly string[] => {
  const before = store.generation(since).files.map(({ text }) => text);
  return store
    .generation(store.number())
    .files.flatMap(({ text }) =>
      before.includes(text) ? [] : text.split('\n').filter((line) => /^#|^backend/.test(line)),
    );
};

/** Until a tick was worked on, its nudge arrived, and checks had their time. */
async function nextTick({ agenda, sent, queue }: World): Promise<void> {
  const { ticks } = sent;
  while (sent.ticks === ticks) await agenda.pass(5 * second);
  // A run that failed just before holds the tick up, for 30 seconds at most.
  for (let waited = 0; !queue.isEmpty() && waited < 35; waited += 5) await agenda.pass(5 * second);
  await agenda.pass(10 * second);
}

function runsWhatEcsRuns({ cluster, store, proxy }: World): void {
  const backends = store.generation(store.number()).backends;
  for (const service of services) {
    const own = backends.filter((backend) => backend.service === service && backend.routes.length > 0);
    const running = cluster.running(service);
    if (!cluster.services.has(service) && running.length === 0 && own.length > 0)
      broken('a deleted service is served', own);
    rightRoutes(service, running, own);
    for (const backend of own) rightServers(backend, running);
  }
  const wanted = backends.flatMap(({ name, servers }) => servers.map((server) => ({ ...server, backend: name })));
  sameServers(
    [...proxy.servers.values()].filter((server) => !server.maintenance && server.weight > 0),
    wanted,
  );
  for (const server of proxy.servers.values()) {
    const answering = cluster.answering().has(server.at);
    if (!server.maintenance && server.up !== answering) broken('health is not what it is', server);
  }

  function rightRoutes(service: string, running: readonly Task[], own: readonly Backend[]): void {
    const used = (name: string) => [...cluster.definitions].filter(([each]) => each.startsWith(`${name}:`));
    const ever = (name: string) => used(name).flatMap(([, variant]) => asked(name, variant));
    const [variant, ...others] = new Set(
      running.map((task) => cluster.definitions.get(`${service}:${task.revision}`) ?? 'removed'),
    );
    const routes = (backend: Backend) => backend.routes.map(({ host, path }) => `${host}${path}`).sort();
    for (const backend of own) {
      const known = ever(service).some(
        (each) =>
          each.backend === backend.name && JSON.stringify([...each.routes].sort()) === JSON.stringify(routes(backend)),
      );
      if (!known) broken('a route is served that nobody asked for', backend);
    }
    if (variant === undefined || others.length > 0 || variant === 'faulty') return;
    const wanted = asked(service, variant);
    const foreign = services.filter((other) => other !== service).flatMap((other) => ever(other));
    if (wanted.some((each) => each.routes.some((route) => foreign.some((other) => other.routes.includes(route)))))
      return;
    const print = (each: readonly { backend: string; routes: readonly string[] }[]) =>
      JSON.stringify(each.map(({ backend, routes }) => `${backend} ${[...routes].sort()}`).sort());
    const served = own.map((backend) => ({ backend: backend.name, routes: routes(backend) }));
    if (print(served) !== print(wanted)) broken('the routes are not what the labels ask for', { served, wanted });
  }

  function rightServers(backend: Backend, running: readonly Task[]): void {
    const serving = running.filter(({ revision }) => {
      const variant = cluster.definitions.get(`${backend.service}:${revision}`) ?? 'removed';
      const claims = asked(backend.service, variant).some((each) => each.backend === backend.name);
      return claims || ['faulty', 'conflicting'].includes(variant);
    });
    const healthy = serving.filter(({ healthStatus }) => healthStatus === 'HEALTHY');
    const wanted = (healthy.length > 0 ? healthy : serving).map((task) => ({ ...task, backend: backend.name }));
    const words = wanted.map((task) => `${task.id} ${cluster.addressOf(task)}`).sort();
    const served = backend.servers.map(({ name, address, port }) => `${name} ${address}:${port}`).sort();
    if (JSON.stringify(words) !== JSON.stringify(served)) {
      broken('the servers are not the running tasks', { backend: backend.name, served, running: words, containerPort });
    }
  }
}

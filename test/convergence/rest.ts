import type { Backend } from '../../lib/haproxy/backend';
import { second } from './agenda';
import { fresh } from './answers';
import type { Cluster, Task } from './cluster';
import { asked, services } from './definitions';
import { broken, runsGeneration } from './laws';
import { addressOf } from './proxy';
import type { World } from './world';

/** Faults are over and ECS comes to rest; then one tick must be enough, whatever else still arrives. */
export async function comesToRest(world: World): Promise<void> {
  const { agenda, cluster, weather, reconciler } = world;
  weather.calm = true;
  Object.assign(reconciler.plan, { broken: undefined, ages: fresh });
  for (let waited = 0; cluster.pending > 0 && waited < 60; waited++) await agenda.pass(10 * second);
  await nextTick(world);
  runsWhatEcsRuns(world);

  if (world.isLate) {
    weather.ticking = false;
    await agenda.pass(24 * 3_600 * second);
    weather.ticking = true;
    await nextTick(world);
    runsWhatEcsRuns(world);
  }
  if (world.isThorough) await nothingNew(world);
}

/** At one moment: a tick only nudges, and an event that comes twice does nothing, however ECS orders its answers. */
async function nothingNew(world: World): Promise<void> {
  const { agenda, reconciler, store, sent } = world;
  const send = async (body: string) => {
    world.send(body);
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
  for (let waited = 0; queue.messages.length > 0 && waited < 35; waited += 5) await agenda.pass(5 * second);
  await agenda.pass(10 * second);
}

function runsWhatEcsRuns({ cluster, store, proxy }: World): void {
  const { backends } = store.generation(store.number());
  for (const service of services) {
    const own = backends.filter((backend) => backend.service === service && backend.routes.length > 0);
    const running = cluster.running(service);
    if (!cluster.services.has(service) && running.length === 0 && own.length > 0)
      broken('a deleted service is served', own);
    onlyAskedRoutes(cluster, service, own);
    routesOfTheLabels(cluster, service, own);
    for (const backend of own) rightServers(cluster, backend, running);
  }
  runsGeneration(proxy, backends);
  for (const server of proxy.servers.values()) {
    const answering = cluster.answering().has(server.at);
    if (!server.maintenance && server.up !== answering) broken('health is not what it is', server);
  }
}

const routesOf = ({ routes }: Backend) => routes.map(({ host, path }) => `${host}${path}`).sort();
/** Everything that any revision of a service asked for. */
const everAsked = ({ definitions }: Cluster, name: string) =>
  [...definitions].filter(([each]) => each.startsWith(`${name}:`)).flatMap(([, variant]) => asked(name, variant));
const variantOf = ({ definitions }: Cluster, service: string, { revision }: Task) =>
  definitions.get(`${service}:${revision}`) ?? 'removed';

function onlyAskedRoutes(cluster: Cluster, service: string, own: readonly Backend[]): void {
  const print = (name: string, routes: readonly string[]) => `${name} ${[...routes].sort()}`;
  const known = everAsked(cluster, service).map(({ backend, routes }) => print(backend, routes));
  const other = own.find((backend) => !known.includes(print(backend.name, routesOf(backend))));
  if (other) broken('a route is served that no label asks for', other);
}

/** Holds where all running tasks ask for the same, without a fault, and no other service ever asked for any of it. */
function routesOfTheLabels(cluster: Cluster, service: string, own: readonly Backend[]): void {
  const running = cluster.running(service).map((task) => variantOf(cluster, service, task));
  const [variant, ...others] = new Set(running);
  if (variant === undefined || others.length > 0 || variant === 'faulty') return;
  const wanted = asked(service, variant);
  const foreign = services.filter((other) => other !== service).flatMap((other) => everAsked(cluster, other));
  const isContested = (route: string) => foreign.some(({ routes }) => routes.includes(route));
  if (wanted.some(({ routes }) => routes.some(isContested))) return;
  const print = (each: readonly { backend: string; routes: readonly string[] }[]) =>
    JSON.stringify(each.map(({ backend, routes }) => `${backend} ${[...routes].sort()}`).sort());
  const served = own.map((backend) => ({ backend: backend.name, routes: routesOf(backend) }));
  if (print(served) !== print(wanted)) broken('the routes are not what the labels ask for', { served, wanted });
}

function rightServers(cluster: Cluster, backend: Backend, running: readonly Task[]): void {
  const serving = running.filter((task) => {
    const variant = variantOf(cluster, backend.service, task);
    const claims = asked(backend.service, variant).some((each) => each.backend === backend.name);
    return claims || ['faulty', 'conflicting'].includes(variant);
  });
  const healthy = serving.filter(({ healthStatus }) => healthStatus === 'HEALTHY');
  const wanted = healthy.length > 0 ? healthy : serving;
  const words = wanted.map((task) => `${task.id} ${cluster.addressOf(task)}`).sort();
  const served = backend.servers.map((server) => `${server.name} ${addressOf(server)}`).sort();
  if (JSON.stringify(words) !== JSON.stringify(served))
    broken('the servers are not the running tasks', { backend: backend.name, served, running: words });
}

import { second } from './agenda';
import { fresh } from './answers';
import type { Task } from './cluster';
import { services, type Variant } from './definitions';
import type { Happening, History } from './happenings';
import { comesToRest } from './rest';
import { crash, loseInstance, orderStop, schedule } from './scheduler';
import { type Circumstances, World } from './world';

type Way = {
  /** Whatever the function remembers is wiped before each run. */
  readonly forgetful?: boolean;
  /** The first three numbers of the instances' addresses. */
  readonly network?: string;
  /** Told after each happening, and at the end. */
  readonly look?: (world: World) => Promise<void>;
};

/** Two services run when a history begins. */
async function begin(circumstances: Circumstances, network: string): Promise<World> {
  const world = new World(circumstances);
  const { cluster } = world;
  for (const number of [1, 2])
    cluster.putInstance({ id: cluster.nextId('ci'), address: `${network}.${number}`, status: 'ACTIVE' });
  happen(world, { deploy: 0, variant: 'plain', desired: 2, atOnce: false });
  happen(world, { deploy: 1, variant: 'plain', desired: 1, atOnce: false });
  await world.agenda.pass(15 * second);
  return world;
}

/** Lives through a history, to its end at rest. @throws when a law is broken, with its words */
export async function live(
  history: History,
  { forgetful = false, network = '10.0.0', look = async () => undefined }: Way = {},
): Promise<World> {
  const world = await begin(history, network);
  world.weather.forgetful = forgetful;
  await look(world);
  for (const each of history.happenings) {
    if ('wait' in each) await world.agenda.pass(each.wait * second);
    else happen(world, each);
    await look(world);
  }
  await comesToRest(world);
  await look(world);
  return world;
}

function happen(world: World, each: Exclude<Happening, { wait: number }>): void {
  const { cluster, pace, reconciler } = world;
  const service = (index: number) => services[index % services.length] ?? 'a';
  const pick = <Item>(items: Iterable<Item>, index: number, then: (item: Item) => void) => {
    const all = [...items];
    const item = all[index % all.length];
    if (item !== undefined) then(item);
  };
  const tasks: readonly Task[] = [...cluster.tasks.values()].filter((task) => task.desiredStatus === 'RUNNING');
  if ('deploy' in each) deploy(world, service(each.deploy), each);
  else if ('scale' in each) change(world, service(each.scale), { desired: each.desired });
  else if ('loop' in each) change(world, service(each.loop), { crashes: 3 });
  else if ('remove' in each) {
    cluster.removeService(service(each.remove));
    schedule(cluster, service(each.remove), pace);
  } else if ('stop' in each) pick(tasks, each.stop, (task) => orderStop(cluster, task, pace));
  else if ('crash' in each) pick(tasks, each.crash, ({ id }) => crash(cluster, id, pace));
  else if ('health' in each) pick(tasks, each.health, (task) => turn(world, task));
  else if ('lose' in each) pick(instancesOf(world), each.lose, (instance) => loseInstance(cluster, instance, pace));
  else if ('drain' in each)
    pick(instancesOf(world), each.drain, (instance) =>
      cluster.putInstance({ ...instance, status: instance.status === 'ACTIVE' ? 'DRAINING' : 'ACTIVE' }),
    );
  else if ('warn' in each) pick(instancesOf(world), each.warn, (instance) => world.warn(instance));
  else if ('stale' in each) {
    const [list, describe, count] = each.stale.map((seconds) => seconds * second);
    reconciler.plan.ages = { ...fresh, list: list ?? 0, describe: describe ?? 0, count: count ?? 0 };
  } else if ('breaking' in each) reconciler.plan.broken = each.breaking;
  else reconciler.forget();
}

const instancesOf = ({ cluster }: World) => [...cluster.instances.values()].filter(({ id }) => !cluster.lost.has(id));

type Deploy = { variant: Variant; desired: number; atOnce: boolean };

function deploy({ cluster, pace }: World, name: string, { variant, desired, atOnce }: Deploy): void {
  const revision = [...cluster.definitions.keys()].filter((each) => each.startsWith(`${name}:`)).length + 1;
  cluster.definitions.set(`${name}:${revision}`, variant);
  cluster.putService({ name, revision, desired, atOnce, crashes: 0 });
  schedule(cluster, name, pace);
}

function change({ cluster, pace }: World, name: string, given: { desired?: number; crashes?: number }): void {
  const service = cluster.services.get(name);
  if (service === undefined) return;
  cluster.putService({ ...service, ...given });
  schedule(cluster, name, pace);
}

function turn({ cluster }: World, task: Task): void {
  const healthStatus = task.healthStatus === 'HEALTHY' ? 'UNHEALTHY' : 'HEALTHY';
  cluster.ailing.add(task.id);
  cluster.putTask({ ...task, healthStatus }, true);
}

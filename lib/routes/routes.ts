import { type Fleet, isService, serviceKey, type Witness } from '../fleet/fleet';
import type { Task } from '../fleet/task';
import type { Backend } from '../haproxy/backend';
import { type Claim, type Fault, newestClaims, readClaims } from './claims';
import { contest, routesOf } from './contest';
import { confirmLosses, fill, newestPerAddress } from './servers';
import { keepUnread, settleDoubts, unreadServers } from './unread';

/** What routing looks at. `now` is in epoch seconds; there is no witness until somebody has to be asked. */
export type Look = {
  readonly fleet: Fleet;
  readonly published: readonly Backend[];
  readonly witness?: Witness;
  /** EC2 instances that this batch says have a Spot warning. */
  readonly warned: ReadonlySet<string>;
  readonly now: number;
};

/** What should be served, and what stands in the way of serving more. */
export type Routes = {
  readonly backends: readonly Backend[];
  readonly faults: readonly Fault[];
  /** Services that seem to have lost what nobody told to stop: without a witness ask for one, with one they contradict it. */
  readonly doubts: readonly string[];
};

/** How long a stop order is remembered: as long as ECS describes a stopped task at least (AWS: DescribeTasks). */
const rememberedSeconds = 3600;

/** A Spot instance ends two minutes after its warning (AWS: Spot interruption notices); one that stays was not meant. */
export const warnedSeconds = 600;

/** Turns running tasks and their labels into backends. What is published is the only memory. */
export function decideRoutes(asked: Look): Routes {
  const look = { ...asked, published: asked.published.map((backend) => remember(backend, asked)) };
  const stopped = new Set(look.published.flatMap((backend) => Object.keys(backend.stopped)));
  const running = look.fleet.tasks.filter(({ id, state }) => state === 'running' && !stopped.has(id));

  const { byTask, faults: labelFaults } = readClaims(running, look.fleet);
  const claims = newestClaims(byTask);
  const grant = (quarantined: ReadonlySet<string>): readonly Backend[] => {
    const granted = claims
      .filter((claim) => !quarantined.has(serviceKey(claim)))
      .map((claim) => remember(toBackend(claim, look), look));
    const rest = look.published.filter(({ name }) => !granted.some((backend) => backend.name === name));
    const stay = rest.filter((backend) => stays(backend, quarantined, running, look));
    const retired = rest.filter((backend) => !stay.includes(backend) && remembers(backend, look.now));
    return [...granted, ...stay, ...retired.map((backend) => ({ ...backend, routes: [], servers: [] }))];
  };
  const {
    backends,
    quarantined,
    faults: conflicts,
  } = contest(grant, new Set(labelFaults.map(({ service }) => service)));

  const filled = backends.map((backend) => fill(backend, running, byTask, quarantined, look));
  const confirmed = filled.map(({ backend }) => confirmLosses(keepUnread(backend, running, look), running, look));
  const doubted = confirmed.filter((each) => each.doubted).map(({ backend }) => serviceKey(backend));
  const { doubts, faults: uncounted } = settleDoubts(doubted, look);
  return {
    backends: newestPerAddress(
      confirmed.map(({ backend }) => backend),
      running,
      look.fleet,
    ),
    faults: [...labelFaults, ...conflicts, ...filled.flatMap(({ faults }) => faults), ...uncounted],
    doubts,
  };
}

const toBackend = (claim: Claim, { published, now }: Look): Backend => ({
  name: claim.backend,
  cluster: claim.cluster,
  service: claim.service,
  container: claim.container,
  port: claim.port,
  routes: routesOf(claim, published, now),
  check: claim.check,
  servers: [],
  stopped: published.find(({ name }) => name === claim.backend)?.stopped ?? {},
  warned: published.find(({ name }) => name === claim.backend)?.warned ?? {},
});

/** A published backend that nobody claims stays while its service is quarantined, cannot be read, or exists without a running task. */
function stays(backend: Backend, quarantined: ReadonlySet<string>, running: readonly Task[], look: Look): boolean {
  const service = serviceKey(backend);
  if (backend.routes.length === 0) return false;
  if (quarantined.has(service) || unreadServers(backend, running, look).length > 0) return true;
  if (running.some((task) => serviceKey(task) === service)) return false;
  return isService(backend) && (look.witness === undefined || look.witness.has(service));
}

/** A backend that nobody wants any more stays, without routes, for as long as it knows of stop orders. */
const remembers = ({ stopped }: Backend, now: number): boolean =>
  Object.values(stopped).some((since) => now - since < rememberedSeconds);

/** Notes who was told to stop, so that an older answer of ECS does not bring them back, and whose host was warned. */
function remember(backend: Backend, { fleet, warned, now }: Look): Backend {
  const own = fleet.tasks.filter((task) => serviceKey(task) === serviceKey(backend));
  const stopping = own.filter(({ state }) => state === 'stopping');
  const ordered = fleet.unread.flatMap(({ task }) => (task?.stopping ? task : []));
  const served = ordered.filter(({ id }) => backend.servers.some(({ name }) => name === id));
  const onWarned = own.filter(
    ({ state, instance = '' }) => state === 'running' && warned.has(fleet.hosts.get(instance)?.instanceId ?? ''),
  );
  return {
    ...backend,
    stopped: noted(backend.stopped, [...stopping, ...served], now, rememberedSeconds),
    warned: noted(backend.warned, onWarned, now, warnedSeconds),
  };
}

function noted(
  before: Readonly<Record<string, number>>,
  tasks: readonly Pick<Task, 'id'>[],
  now: number,
  forSeconds: number,
): Readonly<Record<string, number>> {
  const recent = Object.entries(before).filter(([, since]) => now - since < forSeconds);
  const fresh = tasks.map(({ id }) => [id, before[id] ?? now] as const);
  return Object.fromEntries([...recent, ...fresh].sort(([a], [b]) => (a < b ? -1 : 1)));
}

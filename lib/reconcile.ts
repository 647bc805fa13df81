import { type Fault, faultOf, type Kept } from './faults/faults';
import { type Deps as TellDeps, tellFaults } from './faults/tell';
import { type Evidence, isReflected, noteReflected, type Reflected, readEvidence, settle } from './fleet/evidence';
import { type Fleet, isService, serviceKey, type Witness } from './fleet/fleet';
import type { Task } from './fleet/task';
import type { Certificate, Generation } from './generation/generation';
import { plan, renderListable } from './generation/plan';
import type { Backend } from './haproxy/backend';
import type { File } from './haproxy/render';
import type { StageSettings } from './haproxy/stage';
import { cut, printable } from './printable';
import { type Look, warnedSeconds } from './routes/look';
import { unreadFaults } from './routes/missing';
import { decideRoutes, overlaps, type Routes } from './routes/routes';

export type Published = {
  /** The version of `haproxy/current`; 0 before the first. */
  readonly number: number;
  readonly generation?: Generation;
  readonly backends: readonly Backend[];
  /** The stored certificates, published or not. */
  readonly certificates: readonly Certificate[];
  readonly faults: readonly string[];
  readonly kept: Kept;
  /** What is wrong with the kept faults. */
  readonly damage?: string;
};

export type Described = Pick<Fleet, 'tasks' | 'unread' | 'clusters' | 'missingClusters'>;

export type Deps = TellDeps & {
  readonly settings: StageSettings;
  /** `afresh` also reads what is cached, because a person may have deleted it. */
  readonly readPublished: (afresh: boolean) => Promise<Published>;
  /** Describes all listed tasks and these, by cluster. */
  readonly readTasks: (alsoDescribe: ReadonlyMap<string, readonly string[]>) => Promise<Described>;
  readonly readSurroundings: (
    running: readonly Task[],
  ) => Promise<Pick<Fleet, 'definitions' | 'hosts' | 'secrets' | 'unread'>>;
  readonly readWitness: (services: readonly string[]) => Promise<Witness>;
  /** Writes the changed files, then `current` with why; returns the number of the new generation. */
  readonly publish: (
    changed: readonly File[],
    all: readonly File[],
    published: Pick<Published, 'generation' | 'certificates'>,
    why?: string,
  ) => Promise<number>;
  readonly nudge: (generation: number) => Promise<void>;
  /** Never fails. */
  readonly probe: () => Promise<void>;
  readonly now: () => number;
};

export type Message = { readonly body: string; readonly receives: number };

/** It is logged. */
export type Outcome = {
  readonly action: 'keep' | 'publish';
  readonly reason: string;
  readonly generation?: number;
  readonly faults: readonly string[];
  readonly overlaps?: readonly string[];
};

/** Safe to repeat. @throws when ECS contradicts itself, after publishing what is certain, so that the batch comes back in seconds. */
export async function reconcile(messages: readonly Message[], deps: Deps, reflected: Reflected): Promise<Outcome> {
  const evidence = readEvidence(messages.map(({ body }) => body));
  // A message that comes again may belong to a run that published and then failed to nudge.
  const isRepeated = messages.some(({ receives }) => receives > 1);
  if (!isRepeated && isReflected(evidence, reflected)) {
    return { action: 'keep', reason: 'an earlier run has already acted on these events', faults: [] };
  }
  const published = await deps.readPublished(evidence.tick);
  const fleet = await readFleet(evidence, published, deps);

  const routes = await settleRoutes(lookAt(fleet, evidence, published, deps.now()), deps);
  const { certificates } = published;
  const certified = certificates.flatMap(({ names }) => names);
  const { files, leftOut } = renderListable(
    { backends: routes.backends, certified, settings: deps.settings },
    certificates,
    published.generation,
  );
  const { action, reason, ...next } = plan(published.generation, { files, certificates, doubts: routes.doubts });

  const changed = 'changed' in next ? next.changed : undefined;
  const generation = changed
    ? await deps.publish(changed, files, published, because(reason, evidence))
    : published.number;
  if (changed || evidence.tick || isRepeated) await deps.nudge(generation);
  const standing = faultsOf(fleet, routes, leftOut, published);
  const found = { ...concerned(fleet, routes, evidence), faults: standing, kept: published.kept, now: deps.now() };
  const tick = evidence.tick ? (isRepeated ? 'again' : 'first') : undefined;
  const [faults] = await Promise.all([tellFaults({ ...found, tick }, deps), evidence.tick && deps.probe()]);
  if (action === 'refuse') throw new Error(printable(`The run fails, and is repeated in seconds: ${reason}`));
  noteReflected(fleet, reflected);
  return {
    action,
    reason,
    generation,
    faults: [...evidence.faults, ...(published.damage ? [published.damage] : []), ...faults].map(printable),
    overlaps: overlaps(routes.backends.filter((backend) => !leftOut.includes(backend))),
  };
}

/** Why a generation was published, for people who look back. */
function because(reason: string, { causes }: Evidence): string {
  const more = causes.length > mostCauses ? `; and ${causes.length - mostCauses} more` : '';
  const words = `because: ${causes.slice(0, mostCauses).join('; ')}${more}`;
  return `${cut(printable(reason), 500)} | ${cut(printable(words), 500)}`;
}

const mostCauses = 3;

/** The services that ECS may be asked about, and those that ended tasks. */
function concerned({ tasks, clusters }: Fleet, { backends }: Routes, evidence: Evidence) {
  const live = tasks.filter((task) => task.state !== 'stopping' && isService(task));
  const served = backends.filter((backend) => backend.routes.length > 0 && isService(backend));
  const ended = evidence.tasks.filter((task) => task.state === 'stopping' && isService(task));
  return {
    tasks,
    services: [
      ...new Set([...live, ...served].filter(({ cluster }) => clusters.includes(cluster)).map(serviceKey)),
    ].sort(),
    ended: [...new Set(ended.map(serviceKey))],
  };
}

async function readFleet(evidence: Evidence, { backends }: Published, deps: Deps): Promise<Fleet> {
  const servers = backends.flatMap(({ cluster, servers }) => servers.map(({ name }) => ({ cluster, id: name })));
  const { tasks: described, unread, ...clusters } = await deps.readTasks(idsByCluster([...evidence.tasks, ...servers]));
  const tasks = settle(described, evidence, new Set(servers.map(({ id }) => id)), deps.now());
  const surroundings = await deps.readSurroundings(tasks.filter(({ state }) => state === 'running'));
  return { ...clusters, ...surroundings, tasks, unread: [...unread, ...surroundings.unread] };
}

function idsByCluster(tasks: readonly Pick<Task, 'cluster' | 'id'>[]): ReadonlyMap<string, readonly string[]> {
  const byCluster = new Map<string, string[]>();
  for (const { cluster, id } of tasks) byCluster.set(cluster, [...(byCluster.get(cluster) ?? []), id]);
  return byCluster;
}

function lookAt(fleet: Fleet, evidence: Evidence, { backends }: Published, now: number): Look {
  const recent = evidence.warned.filter(({ at }) => now - at < warnedSeconds * 1000);
  return {
    fleet,
    // A cluster that was removed from the settings is not served any more.
    published: backends.filter(({ cluster }) => fleet.clusters.includes(cluster)),
    warned: new Set(recent.map(({ instanceId }) => instanceId)),
    now: Math.floor(now / 1000),
  };
}

/** Reads the services' own counts only if servers seem to be lost. */
async function settleRoutes(look: Look, deps: Deps): Promise<Routes> {
  const decided = decideRoutes(look);
  if ('routes' in decided) return decided.routes;
  return settleRoutes({ ...look, witness: await deps.readWitness(decided.ask) }, deps);
}

const faultsOf = (
  fleet: Fleet,
  { faults }: Routes,
  leftOut: readonly Backend[],
  { backends, faults: damages }: Published,
): readonly Fault[] => [
  ...damages.map((message) => faultOf(message)),
  ...fleet.missingClusters.map((name) =>
    faultOf(
      `cluster ${name} does not exist, so none of its services is served; correct the setting, or create the cluster`,
    ),
  ),
  ...leftOut
    .filter(({ routes }) => routes.length > 0)
    .map((backend) =>
      faultOf(
        `${backend.name} is not served, because this stage is full; serve it from another stage`,
        serviceKey(backend),
      ),
    ),
  ...faults.map(({ message, service }) => faultOf(message, service)),
  ...unreadFaults(fleet, backends),
];

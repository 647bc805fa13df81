import { type Fault, faultOf, type Kept } from './faults/faults';
import { type Evidence, settle } from './fleet/evidence';
import { type Fleet, serviceKey, type Witness } from './fleet/fleet';
import type { Task } from './fleet/task';
import type { Certificate, Generation } from './generation/generation';
import { type Plan, plan, renderListable } from './generation/plan';
import type { Backend } from './haproxy/backend';
import type { File } from './haproxy/render';
import type { StageSettings } from './haproxy/stage';
import { type Look, warnedSeconds } from './routes/look';
import { unreadFaults } from './routes/missing';
import { decideRoutes, type Routes } from './routes/routes';

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

/** All of these only read. */
export type Deps = {
  readonly settings: StageSettings;
  /** `afresh` also reads what is cached, because a person may have deleted it. */
  readonly readPublished: (afresh: boolean) => Promise<Published>;
  /** Describes all listed tasks and these, by cluster; it lists them meanwhile. */
  readonly readTasks: (alsoDescribe: Promise<ReadonlyMap<string, readonly string[]>>) => Promise<Described>;
  readonly readSurroundings: (
    running: readonly Task[],
  ) => Promise<Pick<Fleet, 'definitions' | 'hosts' | 'secrets' | 'unread'>>;
  readonly readWitness: (services: readonly string[]) => Promise<Witness>;
  readonly now: () => number;
};

/** What was read, and what a run would do about it. */
export type Decision = {
  readonly published: Published;
  readonly fleet: Fleet;
  readonly routes: Routes;
  /** All files of the next generation. */
  readonly files: readonly File[];
  /** Backends for which the generation has no room. */
  readonly leftOut: readonly Backend[];
  readonly plan: Plan;
  readonly faults: readonly Fault[];
};

/** Reads both sides and decides; changes nothing. */
export async function decide(evidence: Evidence, deps: Deps): Promise<Decision> {
  const { published, fleet } = await readBoth(evidence, deps);

  const routes = await settleRoutes(lookAt(fleet, evidence, published, deps.now()), deps);
  const { certificates } = published;
  const certified = certificates.flatMap(({ names }) => names);
  const { files, leftOut } = renderListable(
    { backends: routes.backends, certified, settings: deps.settings },
    certificates,
    published.generation,
  );
  const next = plan(published.generation, { files, certificates, doubts: routes.doubts });
  return { published, fleet, routes, files, leftOut, plan: next, faults: faultsOf(fleet, routes, leftOut, published) };
}

async function readBoth(evidence: Evidence, deps: Deps): Promise<Pick<Decision, 'published' | 'fleet'>> {
  const reading = deps.readPublished(evidence.tick);
  const servers = reading.then(serversOf);
  const also = servers.then((all) => idsByCluster([...evidence.tasks, ...all]));
  const [published, known, described] = await Promise.all([reading, servers, deps.readTasks(also), also]);
  const { tasks: answered, unread, ...clusters } = described;
  const tasks = settle(answered, evidence, new Set(known.map(({ id }) => id)), deps.now());
  const surroundings = await deps.readSurroundings(tasks.filter(({ state }) => state === 'running'));
  return {
    published,
    fleet: { ...clusters, ...surroundings, tasks, unread: [...unread, ...surroundings.unread] },
  };
}

const serversOf = ({ backends }: Published) =>
  backends.flatMap(({ cluster, servers }) => servers.map(({ name }) => ({ cluster, id: name })));

function idsByCluster(tasks: readonly Pick<Task, 'cluster' | 'id'>[]): ReadonlyMap<string, readonly string[]> {
  const byCluster = new Map<string, string[]>();
  for (const { cluster, id } of tasks) {
    const ids = byCluster.get(cluster) ?? [];
    ids.push(id);
    byCluster.set(cluster, ids);
  }
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
